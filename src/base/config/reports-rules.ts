/** Rules of `reports.signing` and `reports.deliver` between keys, each with the remedy. */
import type { Problem } from './rules.ts';
import type { ConfigTree } from './schema.ts';

export function reportsProblems({ reports }: ConfigTree): Problem[] {
  const problems: Problem[] = [];
  const add = (path: Problem['path'], text: string) => problems.push({ path: ['reports', ...path], text });
  const { signing, deliver } = reports;
  if (signing.key_file !== null && signing.pkcs11 !== null) {
    add(['signing', 'pkcs11'], 'write this or key_file, not both');
  }
  const hasKey = signing.key_file !== null || signing.pkcs11 !== null;
  if (hasKey !== (signing.certificates_file !== null)) {
    const key = hasKey ? 'certificates_file' : 'key_file';
    add(['signing', key], 'is missing; a key and its certificates belong together, write both or none');
  }
  const names = new Set<string>();
  const taken = (path: Problem['path'], name: string) => {
    if (names.has(name)) add(path, `there is another target "${name}"; each needs a name of its own`);
    names.add(name);
  };
  deliver.mail.forEach(({ name, username, password_file: password }, index) => {
    const at = ['deliver', 'mail', index] as const;
    taken([...at, 'name'], name);
    if ((username === null) === (password === null)) return;
    add([...at, username === null ? 'username' : 'password_file'], 'is missing; a user and a password belong together');
  });
  deliver.sftp.forEach(({ name, key_file: key, password_file: password }, index) => {
    const at = ['deliver', 'sftp', index] as const;
    taken([...at, 'name'], name);
    if ((key === null) !== (password === null)) return;
    add(
      [...at, 'key_file'],
      key === null ? 'is missing; write key_file or password_file' : 'write this or password_file, not both',
    );
  });
  return problems;
}
