/** Tables of fields, and the published schema, from the schemas of src/protocol. */
import * as z from 'zod';
import { PROTOCOL_VERSION } from '../../src/protocol/limits.js';
import { localSourceSchema } from '../../src/protocol/local-source.js';
import { clientMessageSchema, serverMessageSchema } from '../../src/protocol/messages.js';
import { workerMessages } from '../../src/protocol/worker-messages.js';

/** The part of JSON Schema 2020-12 that our schemas need. */
export interface Schema {
    $ref?: string;
    type?: string;
    const?: string;
    enum?: string[];
    format?: string;
    pattern?: string;
    minimum?: number;
    maximum?: number;
    minLength?: number;
    maxLength?: number;
    minItems?: number;
    maxItems?: number;
    items?: Schema | false;
    prefixItems?: Schema[];
    anyOf?: Schema[];
    properties?: Record<string, Schema>;
    propertyNames?: Schema;
    additionalProperties?: Schema;
    required?: string[];
    default?: unknown;
    description?: string;
}

/** Every schema that is published, by its id. */
export function definitions(): Record<string, Schema> {
    const worker = Object.values(workerMessages).flatMap((message) => Object.values(message));
    const both = z.object({
        ...{ client: clientMessageSchema, server: serverMessageSchema },
        worker: z.tuple([z.object({}), ...worker]),
        local: localSourceSchema,
    });
    // "input": what a sender must write; what has a default may be left out.
    const { $defs } = z.toJSONSchema(both, { io: 'input' });
    return $defs as Record<string, Schema>;
}

export function publishedSchema(): unknown {
    return {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        title: `kvz-cloud protocol ${PROTOCOL_VERSION}`,
        description:
            'Messages on /ws, and in $defs those of /worker and the header Kvz-Local-Source. Generated from src/protocol; see PROTOCOL.md. Fields that are not listed are ignored.',
        anyOf: [{ $ref: '#/$defs/ClientMessage' }, { $ref: '#/$defs/ServerMessage' }],
        $defs: definitions(),
    };
}

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;

function numberType({ type = 'number', minimum, maximum }: Schema): string {
    const low = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum;
    const high = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
    if (low !== undefined && high !== undefined) return `${type}, ${low} to ${high}`;
    if (low !== undefined) return `${type} ≥ ${low}`;
    return high === undefined ? type : `${type} ≤ ${high}`;
}

function stringType({ format, pattern, minLength = 0, maxLength }: Schema): string {
    if (format === 'date-time') return 'time';
    if (pattern !== undefined) return `string, ${code(pattern)}`;
    if (maxLength === undefined) return 'string';
    return `string, ${minLength > 0 ? `${minLength} to` : 'up to'} ${maxLength} characters`;
}

function arrayType({ items, prefixItems, maxItems }: Schema): string {
    if (prefixItems) return `[${prefixItems.map(typeOf).join(', ')}]`;
    const item = items ? typeOf(items) : 'nothing';
    return maxItems === undefined ? `array of ${item}` : `array of up to ${maxItems} (${item})`;
}

/** A type in a few words, as Markdown that fits into a table. */
function typeOf(schema: Schema): string {
    const name = schema.$ref?.split('/').at(-1);
    if (name !== undefined) return `[${name}](#type-${name.toLowerCase()})`;
    if (schema.const !== undefined) return code(JSON.stringify(schema.const));
    if (schema.enum) return schema.enum.map((value) => code(JSON.stringify(value))).join(' or ');
    if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
    switch (schema.type ?? 'any') {
        case 'integer':
        case 'number':
            return numberType(schema);
        case 'string':
            return stringType(schema);
        case 'array':
            return arrayType(schema);
        case 'object':
            return schema.additionalProperties
                ? `object of ${typeOf({ type: schema.additionalProperties.type ?? 'any' })}s`
                : 'object';
        case 'boolean':
        case 'null':
            return schema.type ?? '';
        default:
            throw new Error(`a schema that the tables cannot show: ${JSON.stringify(schema)}`);
    }
}

function rows(schema: Schema, prefix: string, refer: (ref: string) => Schema): string[] {
    return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
        const path = `${prefix}${name}`;
        const isRequired = schema.required?.includes(name) ?? false;
        const need =
            field.default === undefined
                ? isRequired
                    ? 'yes'
                    : 'no'
                : `default ${code(JSON.stringify(field.default))}`;
        const meaning =
            field.description ?? (field.$ref ? refer(field.$ref).description : '') ?? '';
        const row = `| ${code(path)} | ${typeOf(field)} | ${need} | ${meaning} |`;
        return [row, ...(field.properties ? rows(field, `${path}.`, refer) : [])];
    });
}

/** The fields of one definition as a Markdown table. */
export function fieldTable(all: Record<string, Schema>, id: string): string {
    const find = (name: string): Schema => {
        const schema = all[name];
        if (!schema) throw new Error(`there is no schema ${name}`);
        return schema;
    };
    const refer = (ref: string): Schema => find(ref.split('/').at(-1) ?? '');
    return [
        '| Field | Type | Required | Meaning |',
        '| --- | --- | --- | --- |',
        ...rows(find(id), '', refer),
    ].join('\n');
}
