#!/usr/bin/env node
// node scripts/licences.mjs: writes docs/LICENSES.md, the licences of what others have made and an
// installation holds: packages that the bundle contains, and those that npm installs beside it.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';
import { ROOT } from './root.mjs';

export const LICENCES = join(ROOT, 'docs/LICENSES.md');
const LICENCE_FILE = /^(un)?licen[cs]e|^copying/i;
/** What some licences ask to be handed on beside them. */
const NOTICE_FILE = /^notice/i;

const readJson = (...path) => JSON.parse(readFileSync(join(ROOT, ...path), 'utf8'));
const ascending = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

function licenceOf(folder) {
    if (!existsSync(join(ROOT, folder, 'package.json'))) {
        throw new Error(`${folder} is not installed: npm run setup`);
    }
    const { name, license } = readJson(folder, 'package.json');
    if (typeof license !== 'string') throw new Error(`${name} names no licence`);
    return [name, license];
}

/** Folders of the packages that a bundle has something of. */
function bundledFolders(metafile) {
    const folders = new Set();
    for (const { inputs } of Object.values(metafile.outputs)) {
        for (const path of Object.keys(inputs)) {
            const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
            if (folder) folders.add(folder);
        }
    }
    return [...folders].sort(ascending);
}

/** Folders of the dependencies that run on every platform, and of theirs. */
function installedFolders() {
    const { packages } = readJson('package-lock.json');
    return Object.entries(packages)
        .filter(([folder]) => folder !== '')
        .filter(
            ([, { dev, devOptional, optional, peer }]) => !(dev || devOptional || optional || peer),
        )
        .map(([folder]) => folder);
}

/** The licences of what a bundle contains, in full, as they ask for it. */
export function licenceTexts(metafile) {
    const parts = bundledFolders(metafile).map((folder) => {
        const { name, version, license, author } = readJson(folder, 'package.json');
        const files = readdirSync(join(ROOT, folder)).sort(ascending);
        const holder = typeof author === 'string' ? author : author?.name;
        const read = (file) => readFileSync(join(ROOT, folder, file), 'utf8').trim();
        const licence = files.find((file) => LICENCE_FILE.test(file));
        const texts = [
            licence ? read(licence) : `${license}${holder ? `, ${holder}` : ''}`,
            ...files.filter((file) => NOTICE_FILE.test(file)).map(read),
        ];
        return `${name} ${version}\n\n${texts.join('\n\n')}\n`;
    });
    return ['The files in this folder contain code of these packages.\n', ...parts].join(
        `\n${'-'.repeat(80)}\n\n`,
    );
}

/** Folders of all packages that users get, in the bundle or beside it. */
export async function shippedFolders() {
    return [...bundledFolders(await bundle({ write: false })), ...installedFolders()];
}

export async function licencesMarkdown() {
    const metafile = await bundle({ write: false });
    const bundled = new Map(bundledFolders(metafile).map(licenceOf));
    const installed = new Map(installedFolders().map(licenceOf));
    const all = [...new Map([...bundled, ...installed])].sort(([a], [b]) => ascending(a, b));
    const kinds = [...new Set(all.map(([, license]) => license))].sort(ascending);
    const { dependencies, devDependencies } = readJson('package.json');
    const isDirect = (name) => name in dependencies || name in devDependencies;
    const place = (name) =>
        [bundled.has(name) && 'bundle', installed.has(name) && 'installed']
            .filter(Boolean)
            .join(', ');
    const row = ([name, license]) =>
        `| ${isDirect(name) ? `**${name}**` : name} | ${license} | ${place(name)} |`;
    return [
        '# Licences',
        '',
        '<!-- Written by `node scripts/licences.mjs` from node_modules. -->',
        '',
        'kvz-cloud is BSD-2-Clause. These packages of others come with it: in the bundle that `dist/`',
        'holds, with the text of their licences in `dist/LICENSES.txt`, or installed by npm beside it,',
        'with the text in their folders; bold ones are used directly. There are',
        `${all.length}, under ${kinds.join(', ')}.`,
        '',
        'ffmpeg, kvazaar, MKVToolNix, bubblewrap and Redis are programs of their own with their own',
        'licences; kvz-cloud starts them or talks to them and contains nothing of them.',
        '',
        '| package | licence | where |',
        '| --- | --- | --- |',
        ...all.map(row),
        '',
    ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    writeFileSync(LICENCES, await licencesMarkdown());
}
