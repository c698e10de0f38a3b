/** From figures to a report: both pages of it, made of the figures and people's signatures and of nothing else. */
import type { RenderReport } from '../api.ts';
import { readFigures, reportId } from '../figures/figures.ts';
import { compose } from './compose.ts';
import { renderHtml } from './html.ts';
import { renderPdf } from './pdf.ts';

/** @throws CounterfoilError `usage` when the bytes are no figures. */
export const renderReport: RenderReport = async (bytes, signatures) => {
  const figures = readFigures(bytes);
  const id = reportId(figures, bytes);
  const document = compose(figures, id, signatures);
  const { store, window } = figures;
  return {
    id,
    kind: figures.kind,
    window: { fromUtcMs: window.from_ms, toUtcMs: window.to_ms, timeZone: window.time_zone },
    store: {
      gatewayId: store.gateway_id,
      store: store.store,
      name: store.name,
      address: store.address,
      deaRegistration: store.dea_registration,
    },
    title: document.title,
    confidential: document.isConfidential,
    figures: bytes,
    lists: null,
    html: renderHtml(document),
    pdf: await renderPdf(document),
    signatures,
  };
};
