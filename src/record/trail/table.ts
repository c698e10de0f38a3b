/** The table of kinds in docs/FORMATS.md, made from their schemas. */
import { z } from 'zod';
import { TRAIL_KINDS, type TrailKind } from '../trail-kinds.ts';

/** The lines of FORMATS.md between which the table stands. */
const BEGIN = '<!-- kinds: made by src/record/write-schema.ts -->\n';
const END = '<!-- end of kinds -->\n';

type Node = Readonly<Record<string, unknown>>;

/** The text of FORMATS.md with the table of now. Throws when it has no place for it. */
export function withKindTable(document: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('docs/FORMATS.md has no region for the table of kinds');
  return `${document.slice(0, begin + BEGIN.length)}\n${kindTable()}\n${document.slice(end)}`;
}

function kindTable(): string {
  const rows = (Object.keys(TRAIL_KINDS) as TrailKind[]).map((kind) => {
    const schema: Node = { ...z.toJSONSchema(TRAIL_KINDS[kind]) };
    return `| \`${kind}\` | \`${sketch(schema)}\`: ${String(schema.description)} |\n`;
  });
  return `| kind | body |\n|---|---|\n${rows.join('')}`;
}

/** A schema in short: `{"count":n,"hash":base64}`, members in RFC 8785 order, `?` behind one that may be absent. */
function sketch(node: Node): string {
  if (typeof node.trailWord === 'string') return node.trailWord;
  if ('const' in node) return JSON.stringify(node.const);
  if (Array.isArray(node.enum)) return node.enum.map((value) => JSON.stringify(value)).join('/');
  if (Array.isArray(node.anyOf)) return node.anyOf.map((each) => sketch(each)).join(' or ');
  switch (node.type) {
    case 'object':
      return objectSketch(node);
    case 'array':
      return Array.isArray(node.prefixItems)
        ? `[${node.prefixItems.map((each) => sketch(each)).join(',')}]`
        : `[${sketch(node.items as Node)}, …]`;
    case 'integer':
      return 'n';
    case 'boolean':
      return 'bool';
    case 'null':
      return 'null';
    default:
      return 'text';
  }
}

function objectSketch({ properties, required }: Node): string {
  const always = new Set(Array.isArray(required) ? required : []);
  const members = Object.entries(properties as Readonly<Record<string, Node>>).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, node]) => `"${name}"${always.has(name) ? '' : '?'}:${sketch(node)}`).join(',')}}`;
}
