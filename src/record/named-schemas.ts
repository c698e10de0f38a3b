/** zod schemas as JSON Schema (2020-12, the dialect of OpenAPI 3.1), under the names a published contract gives them. */
import { z } from 'zod';

/**
 * `components.schemas` of a document: each schema once, the others refer to it. `input` is what a reader takes (what has a
 * default may be left out, strict objects take nothing else), `output` what a writer says; others may add members to that.
 */
export function namedSchemas(
  named: Readonly<Record<string, z.ZodType>>,
  io: 'input' | 'output' = 'output',
): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    target: 'draft-2020-12',
    io,
    uri: (id) => schemaRef(id),
    override: ({ jsonSchema }) => {
      // zod's pattern checks the calendar too; `format` says so in words that generators know. What is left is the zone.
      if (jsonSchema.format === 'date-time') jsonSchema.pattern = 'Z$';
      // "Anything" is what an absent keyword says too, and in fewer words: unknown members are allowed everywhere.
      const more = jsonSchema.additionalProperties;
      if (isEmptySchema(more) || (io === 'output' && more === false)) delete jsonSchema.additionalProperties;
      if (jsonSchema.propertyNames !== undefined) delete jsonSchema.propertyNames;
      delete jsonSchema.readOnly;
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _dialect, $id: _address, ...rules }]) => [id, withoutEchoes(rules)]),
  );
}

/** Drops what zod repeats of a schema beside the reference to it. */
function withoutEchoes(rules: object): object {
  return JSON.parse(JSON.stringify(rules), (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$ref' in value)) return value;
    return { ...('description' in value ? { description: value.description } : {}), $ref: value.$ref };
  });
}

/** The reference to a schema from anywhere in the document. */
export function schemaRef(name: string): string {
  return `#/components/schemas/${name}`;
}

function isEmptySchema(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && Object.keys(schema).length === 0;
}
