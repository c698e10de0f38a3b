/** A line between what is measured and its server. */
import { ModelLine } from './model-line.ts';
import { PacketLine } from './packet-line.ts';
import type { LineCounts, LineShape } from './shape.ts';

/** Where to connect to reach the server at the other end. */
export interface LineEnd {
  readonly host: string;
  readonly port: number;
}

export interface Line {
  /** The address a server at the far end must listen on. */
  readonly serverHost: string;
  /** Brings the line to the server that listens on `serverHost`. Once. @throws Error when the line does not come up. */
  connect(targetPort: number): Promise<LineEnd>;
  counts(): Promise<LineCounts>;
  close(): Promise<void>;
}

/** @throws Error when it cannot be made: a line of packets needs root and a TUN device. */
export async function openLine(shape: LineShape): Promise<Line> {
  return shape.congestion === 'model' ? new ModelLine(shape) : await PacketLine.open(shape, shape.congestion);
}
