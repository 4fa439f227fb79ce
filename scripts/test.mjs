#!/usr/bin/env node
// npm test: sets up what is missing, then runs every test, or those named: npm test -- test/protocol
import { spawnSync } from 'node:child_process';
import { ROOT } from './root.mjs';
import { setUp } from './setup.mjs';

setUp();
for (const script of ['scripts/browser.mjs', 'scripts/test-programs.mjs']) {
    spawnSync(process.execPath, [script], { cwd: ROOT, stdio: ['ignore', 2, 2] });
}
const result = spawnSync(
    process.execPath,
    [
        'node_modules/vitest/vitest.mjs',
        'run',
        '--reporter=default',
        '--reporter=./scripts/closing-line-reporter.mjs',
        ...process.argv.slice(2),
    ],
    { cwd: ROOT, stdio: 'inherit' },
);
process.exit(result.status ?? 1);
