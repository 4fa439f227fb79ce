/**
 * docs/PROTOCOL.md and docs/protocol.schema.json. The prose is in template.md; what stands in
 * double braces there is filled in from the code. `npm run docs` writes both files.
 */
import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import { MAX_CHUNK_BYTES } from '../../src/daemon/uploads/chunk.js';
import {
    DEFAULT_CHUNK_BYTES,
    HANDSHAKE_TIMEOUT_MS,
    LEAF_BYTES,
    MAX_MESSAGE_BYTES,
    PROTOCOL_VERSION,
} from '../../src/protocol/limits.js';
import { LOCAL_PURPOSE } from '../../src/protocol/local-source.js';
import { clientMessages, encodeReplies, serverMessages } from '../../src/protocol/messages.js';
import { CHALLENGE_LEAVES } from '../../src/protocol/proof.js';
import {
    MAX_FRAMES_BYTES,
    MAX_WORKER_MESSAGE_BYTES,
    workerMessages,
} from '../../src/protocol/worker-messages.js';
import {
    CLIENT_EXAMPLES,
    ENCODE_REPLY_EXAMPLES,
    END_EXAMPLES,
    localSourceExample,
    SERVER_EXAMPLES,
} from './examples.js';
import { definitions, fieldTable, publishedSchema, type Schema } from './fields.js';
import {
    closeTable,
    errorTable,
    failureTable,
    fileVectorTable,
    httpErrors,
    proofVectorTable,
    stateDiagram,
    stateTable,
} from './tables.js';

const SHARED = [
    'File',
    'RawFormat',
    'Options',
    'Job',
    'Progress',
    'Result',
    'Failure',
    'TokenInfo',
    'Forecast',
    'Pause',
    'WorkerMachine',
    'JobReport',
    'LostAttempt',
    'Encoded',
];

const LOCAL_EXAMPLE_KEY = Buffer.from(Array.from({ length: 32 }, (_, i) => i));

/** An example, with lists of plain values on one line. */
function json(value: unknown): string {
    const text = JSON.stringify(value, null, 2).replace(
        /\[\s+([^[\]{}]*?)\s+\]/g,
        (_, list: string) => `[${list.replace(/\s+/g, ' ')}]`,
    );
    return `\`\`\`json\n${text}\n\`\`\``;
}

/** A message as a section: what it is for, its fields, examples. */
function section(
    all: Record<string, Schema>,
    title: string,
    schema: z.ZodType,
    ...examples: unknown[]
): string {
    const { id = '', description = '' } = schema.meta() ?? {};
    return [`### ${title}`, description, fieldTable(all, id), ...examples.map(json)].join('\n\n');
}

function sections<K extends string>(
    all: Record<string, Schema>,
    schemas: Record<K, z.ZodObject>,
    examples: Record<NoInfer<K>, unknown>,
    titleOf: (schema: z.ZodObject) => string,
): string[] {
    return (Object.keys(schemas) as K[]).map((key) =>
        section(all, titleOf(schemas[key]), schemas[key], examples[key]),
    );
}

const typeOf = (schema: z.ZodObject): string =>
    `\`${String((schema.shape['type'] as z.ZodLiteral).value)}\``;
const statusOf = (schema: z.ZodObject): string =>
    `${typeOf(schema)}, ${String((schema.shape['status'] as z.ZodLiteral).value)}`;

/** A request of a worker and its answer. */
function workerSection(
    all: Record<string, Schema>,
    name: string,
    { body, answer }: { body: z.ZodType; answer?: z.ZodType },
): string {
    const table = (schema: z.ZodType): string => {
        const { id = '', description = '' } = schema.meta() ?? {};
        return `${description}\n\n${fieldTable(all, id)}`;
    };
    return [
        `### \`POST /worker/ID/${name}\``,
        table(body),
        answer ? `Answered by: ${table(answer)}` : 'Answered by `{}`.',
    ].join('\n\n');
}

function fillings(): Record<string, string> {
    const all = definitions();
    const { jobEvent, queueChanged, ...answers } = serverMessages;
    return {
        protocolVersion: String(PROTOCOL_VERSION),
        handshakeSeconds: String(HANDSHAKE_TIMEOUT_MS / 1000),
        messageKib: String(MAX_MESSAGE_BYTES / 1024),
        leafBytes: String(LEAF_BYTES),
        chunkMib: String(DEFAULT_CHUNK_BYTES / LEAF_BYTES),
        maxChunkMib: String(MAX_CHUNK_BYTES / LEAF_BYTES),
        challengeLeaves: String(CHALLENGE_LEAVES),
        clientMessages: sections(all, clientMessages, CLIENT_EXAMPLES, typeOf).join('\n\n'),
        encodeReplies: sections(all, encodeReplies, ENCODE_REPLY_EXAMPLES, statusOf).join('\n\n'),
        serverMessages: sections(all, answers, SERVER_EXAMPLES, typeOf).join('\n\n'),
        jobEvent: section(
            all,
            typeOf(jobEvent),
            jobEvent,
            SERVER_EXAMPLES.jobEvent,
            ...END_EXAMPLES,
        ),
        queueChanged: section(
            all,
            typeOf(queueChanged),
            queueChanged,
            SERVER_EXAMPLES.queueChanged,
        ),
        shared: SHARED.map((name) =>
            [`### Type ${name}`, all[name]?.description ?? '', fieldTable(all, name)].join('\n\n'),
        ).join('\n\n'),
        workerMessages: Object.entries(workerMessages)
            .map(([name, message]) => workerSection(all, name, message))
            .join('\n\n'),
        workerMessageMib: String(MAX_WORKER_MESSAGE_BYTES / LEAF_BYTES),
        framesMib: String(MAX_FRAMES_BYTES / LEAF_BYTES),
        closeCodes: closeTable(),
        errors: errorTable(),
        failures: failureTable(),
        states: stateTable(),
        stateDiagram: stateDiagram(),
        fileVectors: fileVectorTable(),
        proofVector: proofVectorTable(),
        uploadGetErrors: httpErrors('uploadGet'),
        uploadPostErrors: httpErrors('uploadPost'),
        resultErrors: httpErrors('result'),
        localSource: fieldTable(all, 'LocalSource'),
        localExample: localSourceExample(LOCAL_EXAMPLE_KEY),
        localExampleKey: LOCAL_EXAMPLE_KEY.toString('hex'),
        localPurpose: LOCAL_PURPOSE,
    };
}

/** @throws Error when template and code do not name the same things */
export function protocolDocument(): string {
    const template = readFileSync(new URL('template.md', import.meta.url), 'utf8');
    const values = fillings();
    const used = new Set<string>();
    const text = template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
        const value = values[name];
        if (value === undefined) throw new Error(`the template names {{${name}}}`);
        used.add(name);
        return value;
    });
    const unused = Object.keys(values).filter((name) => !used.has(name));
    if (unused.length > 0) throw new Error(`the template leaves out ${unused.join(', ')}`);
    return text;
}

export function protocolSchema(): string {
    return JSON.stringify(publishedSchema());
}
