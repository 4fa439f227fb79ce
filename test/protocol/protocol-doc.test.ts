/** docs/PROTOCOL.md and docs/protocol.schema.json are what the code says; `npm run docs` writes them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { protocolDocument, protocolSchema } from '../../scripts/protocol-doc/generate.js';
import {
    clientMessages,
    clientMessageSchema,
    serverMessages,
    serverMessageSchema,
} from '../../src/protocol/messages.js';

const path = (name: string): string =>
    fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
const DOCUMENT = path('PROTOCOL.md');
const SCHEMA = path('protocol.schema.json');

const published = (): string => (existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '');

/** The rows of all tables whose cells fit the patterns. */
function rows(...patterns: RegExp[]): string[][] {
    return published()
        .split('\n')
        .filter((line) => line.startsWith('| '))
        .map((line) => line.slice(2, -2).split(' | '))
        .filter((cells) => patterns.every((pattern, i) => pattern.test(cells[i] ?? '')));
}

const unquote = (cell = ''): string => cell.replaceAll('`', '');

/** The JSON examples of the document. */
const examples = (): unknown[] =>
    [...published().matchAll(/```json\n(.*?)```/gs)].map(([, text]) => JSON.parse(text ?? ''));

describe('the published protocol', () => {
    it('is up to date (if not: npm run docs)', async () => {
        await expect(protocolDocument()).toMatchFileSnapshot(DOCUMENT);
    });

    it('has a schema that is up to date (if not: npm run docs)', async () => {
        const options = await resolveConfig(SCHEMA);
        const text = await format(protocolSchema(), { ...options, parser: 'json' });
        await expect(text).toMatchFileSnapshot(SCHEMA);
    });

    it('shows an example of each message, which the daemon and the client accept', () => {
        const types = new Set<string>();
        for (const example of examples()) {
            const isRequest = Object.hasOwn(example as object, 'id');
            const parsed = (isRequest ? clientMessageSchema : serverMessageSchema).parse(example);
            // Nothing in it is unknown: what is parsed still has every field.
            expect(parsed).toMatchObject(example as object);
            types.add(`${isRequest ? '->' : '<-'} ${parsed.type}`);
        }
        const wanted = [
            ...Object.values(clientMessages).map(({ shape }) => `-> ${shape.type.value}`),
            ...Object.values(serverMessages).map(({ shape }) => `<- ${shape.type.value}`),
            '<- encode.reply',
        ];
        expect([...types].sort()).toEqual(wanted.sort());
    });

    it('has a schema that accepts the examples, and nothing else', () => {
        const schema = z.fromJSONSchema(
            JSON.parse(readFileSync(SCHEMA, 'utf8')) as z.core.JSONSchema.JSONSchema,
        );
        for (const example of examples()) {
            const { type: _, ...untyped } = example as { type: string };
            expect(schema.safeParse(example).error).toBeUndefined();
            expect(schema.safeParse(untyped).success).toBe(false);
            expect(schema.safeParse({ ...untyped, type: 'job.explode' }).success).toBe(false);
        }
    });

    it('describes every field', () => {
        const undescribed = rows(/^`\S+`$/, /./, /^(yes|no|default .*)$/).filter(
            ([name, , , meaning]) =>
                meaning?.trim() === '' && !['`type`', '`status`'].includes(name ?? ''),
        );
        expect(undescribed.map(([name]) => name)).toEqual([]);
    });
});

describe('the published test vectors', () => {
    const LEAF = 1048576;
    const pattern = (size: number): Buffer =>
        Buffer.from(new Uint8Array(size).map((_, i) => i % 251));
    const vectors = rows(/./, /^\d+$/, /^\d+$/, /^`[0-9a-f]{64}`$/);

    it('are those that were promised', () => {
        expect(vectors.map(([, size]) => Number(size))).toEqual([
            ...[0, 1, LEAF - 1, LEAF, LEAF + 1, 8 * LEAF + 3],
        ]);
    });

    it.each(vectors)('hold for a file of %s', (_, size, leaves, id) => {
        // From the text of the document alone, with nothing of ours.
        const bytes = pattern(Number(size));
        const root = createHash('sha256');
        const head = Buffer.alloc(8);
        head.writeUInt32BE(bytes.length, 4);
        root.update(head);
        let count = 0;
        for (let at = 0; at < bytes.length; at += LEAF, count += 1) {
            root.update(
                createHash('sha256')
                    .update(bytes.subarray(at, at + LEAF))
                    .digest(),
            );
        }
        expect(count).toBe(Number(leaves));
        expect(root.digest('hex')).toBe(unquote(id));
    });

    const hasPython = spawnSync('python3', ['--version']).status === 0;
    it.skipIf(!hasPython)('hold in another language', () => {
        const program = `
import hashlib, sys
for size in map(int, sys.argv[1:]):
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    leaves = [hashlib.sha256(data[i:i + 2**20]).digest() for i in range(0, size, 2**20)]
    print(hashlib.sha256(size.to_bytes(8, "big") + b"".join(leaves)).hexdigest())
`;
        const sizes = vectors.map(([, size]) => size ?? '');
        const output = execFileSync('python3', ['-c', program, ...sizes], { encoding: 'utf8' });
        expect(output.trim().split('\n')).toEqual(vectors.map(([, , , id]) => unquote(id)));
    });

    it('hold for the proof', () => {
        const value = (name: string): string => unquote(rows(new RegExp(`^${name}$`))[0]?.[1]);
        const bytes = pattern(Number(value('size of the file')));
        const hmac = createHmac('sha256', Buffer.from(value('nonce'), 'hex'));
        for (const leaf of JSON.parse(value('leaves')) as number[]) {
            hmac.update(bytes.subarray(leaf * LEAF, (leaf + 1) * LEAF));
        }
        expect(hmac.digest('hex')).toBe(value('proof'));
    });
});
