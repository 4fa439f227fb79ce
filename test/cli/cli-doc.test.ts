/** docs/CLI.md and the manual page are what the program says of itself; `npm run docs` writes them. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cliDocument, cliManualPage } from '../../scripts/cli-doc/generate.js';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const PAGE = fromRoot('man/kvz-cloud.1');

it('the published command line is up to date (if not: npm run docs)', async () => {
    await expect(cliDocument()).toMatchFileSnapshot(fromRoot('docs/CLI.md'));
});

it('the manual page is up to date (if not: npm run docs)', async () => {
    await expect(cliManualPage()).toMatchFileSnapshot(PAGE);
});

const BACKSPACE = String.fromCharCode(8);

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

describe('the manual page', () => {
    it.skipIf(!has('groff')).each([['-ww', '-man', '-Tutf8', '-Kutf8', '-z', PAGE]])(
        'gives groff nothing to warn of',
        (...args) => {
            const { status, stdout, stderr } = spawnSync('groff', args, { encoding: 'utf8' });
            expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
        },
    );

    it.skipIf(!has('mandoc'))('has no error for mandoc, and shows what users look for', () => {
        const lint = spawnSync('mandoc', ['-Tlint', '-Werror', PAGE], { encoding: 'utf8' });
        expect(lint.stdout).toBe('');
        const args = ['-Tutf8', '-Owidth=90', PAGE];
        const { stdout } = spawnSync('mandoc', args, { encoding: 'utf8' });
        // Bold is a letter, a backspace, and the letter again.
        const text = stdout.replaceAll(new RegExp(`.${BACKSPACE}`, 'g'), '');
        expect(text).toContain('kvz-cloud encode FILE... [options] [-- KVAZAAR OPTIONS]');
        expect(text).toMatch(/^EXIT STATUSES$[^]*^ +5 +the job failed/m);
        expect(text).toMatch(/^ +KVZ_CLOUD_TOKEN$/m);
        expect(text).toMatch(/--qp N/);
        // A row of a table that was left as it is.
        expect(text).not.toMatch(/^ *\||\| *---/m);
    });
});
