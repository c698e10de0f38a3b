/** The configuration file as text with positions, so that every error can point at line and column. */
import { isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { KeyPath } from './rules.ts';

/** One error of the YAML itself. */
interface SyntaxProblem {
  readonly offset: number;
  readonly message: string;
}

export interface ConfigSource {
  /** The file as a plain value; an empty file is an empty mapping. */
  readonly value: unknown;
  readonly syntax: readonly SyntaxProblem[];
  /** Offset of the key or value at `path`, else of the nearest thing around it. */
  locate(path: KeyPath, what: 'key' | 'value'): number;
  /** `line:column`, from 1, of a character. */
  position(offset: number): string;
  /** How the scalar at `path` is written in the file, for example `0042`; null when there is none. */
  written(path: KeyPath): string | null;
}

/** Parses YAML 1.2 text. Never throws: what is wrong is in `syntax`, and `value` is `{}` then. */
export function parseSource(text: string): ConfigSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = [...document.errors, ...document.warnings];
  const position = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  return {
    value: problems.length > 0 ? {} : (document.toJS() ?? {}),
    syntax: problems.map((problem) => ({ offset: problem.pos[0], message: problem.message })),
    position,
    locate: (path, what) => offsetOf(document.contents, path, what),
    written(path) {
      const node = document.getIn(path, true);
      return isScalar(node) && typeof node.source === 'string' ? node.source : null;
    },
  };
}

function offsetOf(root: Node | null, path: KeyPath, what: 'key' | 'value'): number {
  let here: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const [depth, part] of path.entries()) {
    const isLast = depth === path.length - 1;
    let next: unknown;
    if (isMap(here)) {
      const pair = here.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === part);
      next = pair?.value;
      if (pair !== undefined && isNode(pair.key) && pair.key.range) offset = pair.key.range[0];
      if (pair === undefined || (isLast && what === 'key')) return offset;
    } else if (isNode(here) && 'get' in here && typeof here.get === 'function') {
      next = here.get(part, true);
    }
    // A key without value has a node of no width after the colon; the key itself is the better place to point at.
    if (!isNode(next) || !next.range || (isScalar(next) && next.range[0] === next.range[1])) return offset;
    offset = next.range[0];
    here = next;
  }
  return offset;
}
