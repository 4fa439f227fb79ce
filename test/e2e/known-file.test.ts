import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { newHome } from '../helpers/command.js';

const MIB = 1024 * 1024;
const LOG_READS = fileURLToPath(new URL('../fixtures/log-reads.mjs', import.meta.url));
/** Large enough to be hashed in threads. */
const SIZE_MIB = 20;

it('a file that the daemon has is neither read again nor sent', async () => {
    const home = await newHome();
    const source = join(home.outputs, 'known.yuv');
    writeFileSync(source, Buffer.concat(Array.from({ length: SIZE_MIB }, () => randomBytes(MIB))));
    // Only what has rested is remembered.
    const longAgo = new Date('2020-01-01T00:00:00Z');
    utimesSync(source, longAgo, longAgo);

    const log = join(home.outputs, 'reads.log');
    home.env['LOG_READS'] = log;
    home.env['NODE_OPTIONS'] = `--import ${LOG_READS}`;
    const path = realpathSync(source);
    const readsOfSource = (): number =>
        existsSync(log)
            ? readFileSync(log, 'utf8')
                  .split('\n')
                  .filter((line) => line === path).length
            : 0;
    const raw = ['--raw', '--input-res', '1024x1024', '--input-format', 'gray'];
    const encode = (qp: string): ReturnType<typeof home.runJson> =>
        home.runJson(
            ...['encode', source, ...raw, '--preset', 'ultrafast', '--no-logo', '--detach'],
            ...['--', '--qp', qp],
        );

    const first = await encode('50');
    expect(first.events.at(-1)).toMatchObject({ uploadedBytes: SIZE_MIB * MIB });
    // Blocks of 4 MiB for the hash, and leaves of 1 MiB by the daemon.
    const readsOfFirst = readsOfSource();
    expect(readsOfFirst).toBeGreaterThanOrEqual(SIZE_MIB / 4 + SIZE_MIB);

    for (const [qp, status] of [
        ['51', 'queued'],
        ['50', 'rejected'],
    ] as const) {
        const again = await encode(qp);
        const find = (name: string): unknown => again.events.find(({ event }) => event === name);
        expect(find('hash')).toMatchObject({ cached: true });
        expect(find('handshake')).toMatchObject({ status });
        expect(find('upload')).toBeUndefined();
        expect(again.events.at(-1)).toMatchObject({ uploadedBytes: 0 });
    }
    expect(readsOfSource()).toBe(readsOfFirst);
});
