#!/usr/bin/env node
// node scripts/licences.mjs: writes docs/LICENSES.md, the licences of what an installation has in
// node_modules: the dependencies of package.json and theirs, as the lock file resolves them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const LICENCES = join(ROOT, 'docs/LICENSES.md');

const readJson = (...path) => JSON.parse(readFileSync(join(ROOT, ...path), 'utf8'));

/** Names and licences of all production dependencies that run on every platform. */
function dependencies() {
    const { packages } = readJson('package-lock.json');
    const found = new Map();
    for (const [folder, entry] of Object.entries(packages)) {
        if (folder === '' || entry.dev || entry.devOptional || entry.optional || entry.peer)
            continue;
        if (!existsSync(join(ROOT, folder, 'package.json'))) {
            throw new Error(`${folder} is not installed: npm run setup`);
        }
        const { name, license } = readJson(folder, 'package.json');
        if (typeof license !== 'string') throw new Error(`${name} names no licence`);
        found.set(name, license);
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function licencesMarkdown() {
    const { dependencies: direct } = readJson('package.json');
    const all = dependencies();
    const row = ([name, license]) => `| ${name in direct ? `**${name}**` : name} | ${license} |`;
    const kinds = [...new Set(all.map(([, license]) => license))].sort((a, b) => (a < b ? -1 : 1));
    return [
        '# Licences',
        '',
        '<!-- Written by `node scripts/licences.mjs` from node_modules. -->',
        '',
        'kvz-cloud is BSD-2-Clause. An installation has these packages beside it, each with the text',
        `of its licence in its folder below node_modules; bold ones are used directly. There are ${all.length},`,
        `under ${kinds.join(', ')}.`,
        '',
        'ffmpeg, kvazaar, MKVToolNix, bubblewrap and Redis are programs of their own with their own',
        'licences; kvz-cloud starts them or talks to them and contains nothing of them.',
        '',
        '| package | licence |',
        '| --- | --- |',
        ...all.map(row),
        '',
    ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(LICENCES, licencesMarkdown());
