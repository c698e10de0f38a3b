/** The published contract as a judge: compiled with ajv, it says what is wrong with an answer. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { pmsOpenApi } from '../../../../src/demo/pms/openapi/document.ts';

interface Media {
  readonly schema: { readonly $ref: string };
  readonly examples: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Answer {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  readonly content?: Readonly<Record<string, Media>>;
}

export interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, Answer>>; readonly schemas: object };
}

const DOCUMENT = pmsOpenApi();
export const CONTRACT = DOCUMENT as unknown as Contract;

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false });
addFormats.default(ajv);
// The schemas in a frame that ajv knows: the document around them is no JSON Schema.
const [FROM, TO] = ['#/components/schemas/', 'pms#/$defs/'];
const schemas: unknown = CONTRACT.components.schemas;
ajv.addSchema({ $id: 'pms', $defs: JSON.parse(JSON.stringify(schemas).replaceAll(FROM, TO)) });

/** What is wrong with `value` by the schema at `pointer` (`#/components/schemas/…`); empty when nothing is. */
export function faultsOf(pointer: string, value: unknown): string[] {
  const validate = ajv.getSchema(pointer.replace(FROM, TO));
  if (validate === undefined) throw new Error(`the contract has nothing at ${pointer}`);
  if (validate(value) === true) return [];
  return (validate.errors ?? []).map((error: ErrorObject) => `${error.instancePath || 'the body'} ${error.message}`);
}

/** What stands at a JSON pointer of the document; undefined when nothing does. */
export function at(pointer: string): unknown {
  const parts = pointer.replace(/^#\//, '').split('/');
  return parts.reduce<unknown>((here, part) => {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof here === 'object' && here !== null ? (here as Record<string, unknown>)[name] : undefined;
  }, DOCUMENT);
}

function resolved(answer: Answer): Answer {
  return answer.$ref === undefined ? answer : (at(answer.$ref) as Answer);
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly json: unknown;
}

/**
 * What is wrong with an answer by the contract: a status it does not have, a header it demands, a body of another shape.
 * A path that is not in the contract is nobody's business here.
 */
export function breachesOf({ method, path, status, headers, json }: Seen): string[] {
  const operations = CONTRACT.paths[path];
  if (operations === undefined) return [];
  // Another method is answered by the one operation there is: 405.
  const operation = operations[method.toLowerCase()] ?? Object.values(operations)[0];
  const described = operation?.responses[status];
  if (described === undefined) return [`${method} ${path}: the contract has no ${status}`];
  const { headers: wanted = {}, content = {} } = resolved(described);
  const missing = Object.entries(wanted)
    .filter(([, { $ref }]) => (at($ref) as { required: boolean }).required)
    .filter(([name]) => headers[name.toLowerCase()] === undefined)
    .map(([name]) => `${status} without ${name}`);
  const media = content['application/json'];
  const wrong = media === undefined ? [] : faultsOf(media.schema.$ref, json);
  return [...missing, ...wrong.map((fault) => `${status}: ${fault}`)];
}
