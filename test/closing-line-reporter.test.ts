/** What the last line of a test run says of tests that needed a second attempt. */
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import config from '../vitest.config.js';
import { temporaryFolder } from './helpers/temporary.js';

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** @returns the exit status and the last line of a run of these tests, with the project's reporter */
async function lastLine(tests: string): Promise<{ status: number; line: string | undefined }> {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'test'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const imports = "import { afterEach, beforeEach, describe, expect, it } from 'vitest';\n";
    writeFileSync(join(folder, 'test/some.test.js'), `${imports}${tests}`);
    const args = ['run', '--root', folder, `--retry=${JSON.stringify(config.test?.retry)}`];
    const reporter = `--reporter=${join(ROOT, 'scripts/closing-line-reporter.mjs')}`;
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const ended = await execute(process.execPath, [vitest, ...args, reporter], {
        cwd: folder,
    }).then(
        ({ stdout }) => ({ code: 0, stdout }),
        (error: { code: number; stdout: string }) => error,
    );
    return { status: ended.code, line: ended.stdout.trimEnd().split('\n').at(-1) };
}

it('names what passed at the second attempt only, for which all is set up anew', async () => {
    const { status, line } = await lastLine(`
        let fresh = 0;
        let attempts = 0;
        beforeEach(() => void (fresh += 1));
        afterEach(() => void (fresh -= 1));
        it('is fine', () => expect(fresh).toBe(1));
        describe('a group', () => {
            it('fails\\nonce', () => {
                expect(fresh).toBe(1);
                expect(++attempts).toBe(2);
            });
        });
        it.skip('is left out', () => {});
    `);
    expect({ status, line }).toEqual({
        status: 0,
        line:
            '2 passed, 0 failed, 1 skipped, of which 1 passed only at the second attempt: ' +
            'test/some.test.js > a group > fails once',
    });
});

it('counts what fails at both attempts as failed', async () => {
    const { status, line } = await lastLine(`
        let attempts = 0;
        it('fails for good', () => expect(++attempts).toBe(3));
        it('is fine', () => {});
    `);
    expect({ status, line }).toEqual({ status: 1, line: '1 passed, 1 failed, 0 skipped' });
});
