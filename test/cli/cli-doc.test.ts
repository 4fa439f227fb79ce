/** docs/CLI.md is what the program says of itself; `npm run docs` writes it. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { cliDocument } from '../../scripts/cli-doc/generate.js';

it('the published command line is up to date (if not: npm run docs)', async () => {
    const path = fileURLToPath(new URL('../../docs/CLI.md', import.meta.url));
    await expect(cliDocument()).toMatchFileSnapshot(path);
});
