import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { userToken } from '../../src/client/token.js';
import { temporaryFolder } from '../helpers/temporary.js';

const run = promisify(execFile);

describe('the token', () => {
    it('is made on first use, for its owner only, and stays', () => {
        const file = join(temporaryFolder(), 'sub', 'token');
        const token = userToken(file, {});
        expect(token).toMatch(/^[\w-]{43}$/);
        expect(statSync(file).mode & 0o777).toBe(0o600);
        expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
        expect(userToken(file, {})).toBe(token);
        expect(readdirSync(dirname(file))).toEqual(['token']);
    });

    it('comes from the environment where that is set', () => {
        const file = join(temporaryFolder(), 'token');
        expect(userToken(file, { KVZ_CLOUD_TOKEN: 'a-token-from-elsewhere' })).toBe(
            'a-token-from-elsewhere',
        );
        expect(() => statSync(file)).toThrow('ENOENT');
    });

    it.each(['', 'short', 'with spaces in the middle of it', 'x'.repeat(257)])(
        'is refused when no daemon would take it: %j',
        (content) => {
            const file = join(temporaryFolder(), 'token');
            writeFileSync(file, content);
            chmodSync(file, 0o600);
            expect(() => userToken(file, {})).toThrow(`${file} holds no usable token`);
        },
    );

    it('is the same for commands that make it at once', async () => {
        const file = join(temporaryFolder(), 'token');
        const code = `
            const { userToken } = await import(${JSON.stringify(
                new URL('../../dist/client/token.js', import.meta.url).href,
            )});
            process.stdout.write(userToken(${JSON.stringify(file)}, {}));
        `;
        const starts = Array.from({ length: 6 }, () =>
            run(process.execPath, ['--input-type=module', '-e', code]),
        );
        const tokens = (await Promise.all(starts)).map(({ stdout }) => stdout);
        expect(new Set(tokens)).toEqual(new Set([readFileSync(file, 'utf8').trim()]));
    });
});
