/** A report as one HTML page that stands alone: no script, no file beside it, the same bytes everywhere. */
import type { Block, ReportDocument, Table } from './document.ts';
import type { Drawing, Stroke } from './drawing.ts';

const STYLE = `
:root{color-scheme:light}
body{font:15px/1.45 "DejaVu Sans",Verdana,sans-serif;color:#000;background:#fff;max-width:60rem;margin:0 auto;padding:1rem}
header{border-bottom:2px solid #000;margin-bottom:1rem}
header p{margin:.2rem 0}
h1{font-size:1.6rem;margin:.5rem 0}
h2{font-size:1.25rem;margin:1.8rem 0 .4rem;border-bottom:1px solid #000}
h3{font-size:1.05rem;margin:1.2rem 0 .3rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.4rem 0 .8rem;font-size:.85rem}
caption{text-align:left;font-weight:bold;padding:.2rem 0}
th,td{border-bottom:1px solid #999;padding:.15rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
thead th{border-bottom:2px solid #000}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.facts th{font-weight:normal;width:45%}
.notice{border:2px solid #000;padding:.5rem .8rem;margin:1rem 0}
.alarm{border-width:6px}
.notice p{margin:.2rem 0}
pre{border:1px solid #999;padding:.5rem;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem}
figure{margin:.8rem 0}
svg{width:100%;height:auto}
.blank td{height:2.2rem}
@media print{body{max-width:none;padding:0}h2{break-after:avoid}tr{break-inside:avoid}}
`.trim();

export function renderHtml(report: ReportDocument): Buffer {
  const body = report.blocks.map((block, at) => blockHtml(block, at)).join('\n');
  const confidential = report.isConfidential
    ? '<p><strong>CONFIDENTIAL: holds record data. Do not mail.</strong></p>\n'
    : '';
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escaped(report.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escaped(report.title)}</h1>
<p>${escaped(report.store)}</p>
<p>${escaped(report.window)}</p>
<p>Report ${escaped(report.id)}</p>
${confidential}</header>
<main>
${body}
</main>
</body>
</html>
`;
  return Buffer.from(page, 'utf8');
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function blockHtml(block: Block, at: number): string {
  switch (block.type) {
    case 'heading':
      return `<h${block.level + 1}>${escaped(block.text)}</h${block.level + 1}>`;
    case 'text':
      return `<p>${escaped(block.text)}</p>`;
    case 'notice': {
      const lines = block.lines.map((line) => `<p>${escaped(line)}</p>`).join('');
      return `<div class="notice ${block.tone}"><p><strong>${escaped(block.title)}</strong></p>${lines}</div>`;
    }
    case 'facts': {
      const rows = block.rows.map(
        ([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}</td></tr>`,
      );
      return `${wide(block.caption)}<table class="facts"><caption>${escaped(block.caption)}</caption><tbody>\n${rows.join('\n')}\n</tbody></table></div>`;
    }
    case 'table':
      return tableHtml(block);
    case 'chart':
      return `<figure>${svg(block.drawing, block.alt, at)}<figcaption>${escaped(block.caption)}</figcaption></figure>`;
    case 'code':
      return `<p>${escaped(block.caption)}</p>\n<pre>${escaped(block.lines.join('\n'))}</pre>`;
    case 'signatures':
      return signaturesHtml(block);
  }
}

/** Opens a box that scrolls where the table is wider than the screen: who has only a keyboard must get there too. */
function wide(caption: string): string {
  return `<div class="wide" role="region" tabindex="0" aria-label="${escaped(caption)}">`;
}

function tableHtml({ caption, columns, rows, total, allIn }: Table): string {
  const looks = columns.map(({ align }) => (align === 'right' ? ' class="n"' : ''));
  const head = columns.map(({ title }, at) => `<th scope="col"${looks[at] ?? ''}>${escaped(title)}</th>`).join('');
  const lines = rows.map(
    (row) => `<tr>${row.map((cell, at) => `<td${looks[at] ?? ''}>${escaped(cell)}</td>`).join('')}</tr>`,
  );
  const rest = total > rows.length ? `<p>${total - rows.length} more are in ${allIn}.</p>` : '';
  return `${wide(caption)}<table><caption>${escaped(caption)}</caption><thead><tr>${head}</tr></thead><tbody>\n${lines.join('\n')}\n</tbody></table></div>${rest}`;
}

function signaturesHtml({ people, statement }: Extract<Block, { type: 'signatures' }>): string {
  const rows = people.map(
    ({ printedName, signedAtUtc, meaning, keyId }) =>
      `<tr><td>${escaped(printedName)}</td><td>${escaped(signedAtUtc)}</td><td>${escaped(meaning)}</td><td>${escaped(keyId)}</td></tr>`,
  );
  const blank = '<tr class="blank"><td></td><td></td><td></td><td></td></tr>';
  return `<p>${escaped(statement)}</p>
${wide('Signatures')}<table><caption>Signatures</caption><thead><tr><th scope="col">Printed name</th><th scope="col">Date and time (UTC)</th><th scope="col">Meaning</th><th scope="col">Key, or signature by hand</th></tr></thead><tbody>
${rows.length === 0 ? blank : rows.join('\n')}
</tbody></table></div>`;
}

function svg({ width, height, strokes }: Drawing, alt: string, at: number): string {
  const id = `chart-${at}`;
  const inner = strokes.map(strokeSvg).join('');
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}"><title id="${id}">${escaped(alt)}</title>${inner}</svg>`;
}

function strokeSvg(stroke: Stroke): string {
  switch (stroke.type) {
    case 'rect': {
      const edge = stroke.edge === undefined ? '' : ` stroke="${stroke.edge}" stroke-width="0.6"`;
      return `<rect x="${stroke.x}" y="${stroke.y}" width="${stroke.width}" height="${stroke.height}" fill="${stroke.fill}"${edge}/>`;
    }
    case 'path': {
      const points = stroke.points.map(([x, y]) => `${x},${y}`).join(' ');
      const dash = stroke.dash === undefined ? '' : ` stroke-dasharray="${stroke.dash.join(' ')}"`;
      return `<polyline points="${points}" fill="none" stroke="${stroke.colour}" stroke-width="${stroke.width}"${dash}/>`;
    }
    case 'text':
      return `<text x="${stroke.x}" y="${stroke.y}" font-size="${stroke.size}" text-anchor="${stroke.anchor}">${escaped(stroke.text)}</text>`;
  }
}
