/** docs/json.schema.json: the form of all JSON that the commands write. `npm run docs` writes it. */
import * as z from 'zod';
import { documents } from '../../src/cli/output/document-schemas.js';
import {
    JSON_VERSION,
    encodeLineSchema,
    watchLineSchema,
} from '../../src/cli/output/line-schemas.js';

const DESCRIPTION =
    'What commands write with --json: lines (encode, watch) and documents (the others). Fields, events and codes may be added; otherwise the version grows.';

/** The published schema: any line, and under $defs each kind of line and document by its name. */
export function jsonSchema(): string {
    const lines = { EncodeLine: encodeLineSchema, WatchLine: watchLineSchema };
    // "input": readers must bear fields that are new.
    const { $defs, properties } = z.toJSONSchema(z.object({ ...lines, ...documents }), {
        io: 'input',
    });
    return JSON.stringify({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: `urn:kvz-cloud:json:${JSON_VERSION}`,
        title: `kvz-cloud JSON output, version ${JSON_VERSION}`,
        description: DESCRIPTION,
        anyOf: Object.keys(lines).map((name) => ({ $ref: `#/$defs/${name}` })),
        $defs: {
            ...$defs,
            ...Object.fromEntries(
                Object.keys(documents)
                    .filter((name) => $defs?.[name] === undefined)
                    .map((name) => [name, properties?.[name]]),
            ),
        },
    });
}
