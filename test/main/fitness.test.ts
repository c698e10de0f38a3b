import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/base/config/load.ts';
import { refuseWhatIsMissing } from '../../src/main/fitness.ts';

const configWith = (overrides: Record<string, unknown>) =>
  loadConfig({ env: {}, overrides: { 'gateway.store': '0042', ...overrides } });

describe('refuseWhatIsMissing', () => {
  it('lets the defaults pass', () => {
    expect(() => refuseWhatIsMissing(configWith({}))).not.toThrow();
  });

  it('stops at production, though all that production asks for is there', () => {
    const config = configWith({
      production: true,
      'schedule_two.signature': 'optional',
      'recovery.public_key_file': '/etc/counterfoil/recovery.pem',
      'trail.sealer_socket': '/run/counterfoil-sealer/sealer.sock',
    });
    expect(() => refuseWhatIsMissing(config)).toThrow(/production: recovery by the chain’s offline key/);
  });
});
