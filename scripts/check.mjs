#!/usr/bin/env node
// npm run check: formatting, lint with import directions, types, and what nothing uses (knip). All run, also when one fails.
import { spawn } from 'node:child_process';
import { ROOT } from './root.mjs';

const CHECKS = {
    format: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
    lint: ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'],
    unused: ['node_modules/knip/bin/knip.js', '--no-progress'],
    types: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'],
};

const results = await Promise.all(
    Object.entries(CHECKS).map(
        ([name, args]) =>
            new Promise((resolve) => {
                const child = spawn(process.execPath, args, { cwd: ROOT });
                let output = '';
                const collect = (data) => (output += data);
                child.stdout.on('data', collect);
                child.stderr.on('data', collect);
                child.on('close', (status) => resolve({ name, status, output }));
            }),
    ),
);
for (const { name, status, output } of results) {
    process.stdout.write(`${name}: ${status === 0 ? 'ok' : `failed\n${output}`}\n`);
}
process.exit(results.every(({ status }) => status === 0) ? 0 : 1);
