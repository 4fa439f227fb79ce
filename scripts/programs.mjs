#!/usr/bin/env node
// Gets ffmpeg, ffprobe, kvazaar and mkvmerge where they are missing.
//
//   node scripts/programs.mjs            installs what is missing
//   node scripts/programs.mjs --check    only says what is missing (exit 1 if anything is)
//
// ffmpeg and mkvtoolnix are ordinary packages everywhere. kvazaar is packaged from Debian 13 and
// Ubuntu 24.04 on; on older ones it is taken from the newer suite of the machine's own mirror,
// checked by apt's signatures and unpacked into a private folder, so the system stays untouched.
import { execFileSync } from 'node:child_process';
import {
    accessSync,
    chmodSync,
    constants,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    readdirSync,
    renameSync,
    rmSync,
    writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PROGRAM_NAMES, findProgram, toolsFolders } from '../dist/encoder/index.js';
import { aptCandidate, aptInstall, has, rootPrefix, run, say, SetupError } from './packages.mjs';

/** Packages by name in Debian and Ubuntu, and as Homebrew formulae. */
const PACKAGES = {
    ffmpeg: { apt: 'ffmpeg', brew: 'ffmpeg' },
    ffprobe: { apt: 'ffmpeg', brew: 'ffmpeg' },
    mkvmerge: { apt: 'mkvtoolnix', brew: 'mkvtoolnix' },
    kvazaar: { apt: 'kvazaar', brew: 'kvazaar' },
};

/** The oldest suites that have kvazaar, by distribution. */
const KVAZAAR_SUITE = {
    debian: {
        suite: 'trixie',
        component: 'main',
        keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
    },
    ubuntu: {
        suite: 'noble',
        component: 'universe main',
        keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
    },
};

const missingPrograms = () => PROGRAM_NAMES.filter((name) => !findProgram(name));

/** The address of the distribution's main archive, as apt itself is configured on this machine. */
function mirror() {
    const targets = run('apt-get', [
        'indextargets',
        '--format',
        '$(REPO_URI)|$(LABEL)|$(CODENAME)',
        'Created-By: Packages',
    ]);
    const rows = targets
        .split('\n')
        .map((line) => line.split('|'))
        .filter(([, label, codename]) => /^(Debian|Ubuntu)$/.test(label) && !/-/.test(codename));
    if (!rows[0]) throw new SetupError('apt has no Debian or Ubuntu archive configured');
    return rows[0][0];
}

function distribution() {
    try {
        const release = readFileSync('/etc/os-release', 'utf8');
        const ids = [...release.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)].flatMap((m) =>
            m[1].replaceAll('"', '').split(' '),
        );
        return ids.find((id) => id in KVAZAAR_SUITE);
    } catch {
        return undefined;
    }
}

function writableToolsFolder() {
    for (const folder of toolsFolders()) {
        try {
            mkdirSync(folder, { recursive: true });
            accessSync(folder, constants.W_OK);
            return folder;
        } catch {
            // the next one
        }
    }
    throw new SetupError(`no tools folder can be written: ${toolsFolders().join(', ')}`);
}

/**
 * Takes kvazaar and the libraries that it needs, its own libc included, from a newer suite. An
 * empty package state makes apt resolve all of them; a wrapper starts it with its own loader.
 */
function installPrivateKvazaar() {
    const distro = distribution();
    const source = distro && KVAZAAR_SUITE[distro];
    if (!source) throw new SetupError('kvazaar is not packaged here');
    const tools = writableToolsFolder();
    const work = mkdtempSync(join(tmpdir(), 'kvz-cloud-setup-'));
    try {
        for (const folder of ['lists/partial', 'archives/partial', 'root']) {
            mkdirSync(join(work, folder), { recursive: true });
        }
        const signedBy = existsSync(source.keyring) ? `[signed-by=${source.keyring}] ` : '';
        writeFileSync(
            join(work, 'sources.list'),
            `deb ${signedBy}${mirror()} ${source.suite} ${source.component}\n`,
        );
        writeFileSync(join(work, 'status'), '');
        const options = {
            'Dir::State': work,
            'Dir::State::lists': join(work, 'lists'),
            'Dir::State::status': join(work, 'status'),
            'Dir::Cache': work,
            'Dir::Cache::archives': join(work, 'archives'),
            'Dir::Etc::sourcelist': join(work, 'sources.list'),
            'Dir::Etc::sourceparts': '/dev/null',
            'APT::Sandbox::User': '',
            'Debug::NoLocking': '1',
            'Acquire::Languages': 'none',
        };
        const apt = (...args) =>
            run('apt-get', [
                ...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
                ...args,
            ]);
        say(`getting kvazaar from ${source.suite} into ${tools} ...`);
        apt('update');
        apt('install', '--download-only', '--no-install-recommends', '-y', 'kvazaar');
        for (const file of readdirSync(join(work, 'archives'))) {
            if (file.endsWith('.deb')) {
                run('dpkg', ['-x', join(work, 'archives', file), join(work, 'root')]);
            }
        }
        const rootFolder = join(work, 'root');
        const keep = new Set(['usr', 'lib', 'lib64']);
        for (const entry of readdirSync(rootFolder)) {
            if (!keep.has(entry)) rmSync(join(rootFolder, entry), { recursive: true });
        }
        for (const waste of ['doc', 'man', 'locale', 'i18n']) {
            rmSync(join(rootFolder, 'usr/share', waste), { recursive: true, force: true });
        }
        rmSync(join(rootFolder, 'usr/lib/x86_64-linux-gnu/gconv'), {
            recursive: true,
            force: true,
        });
        const triplet = execFileSync('find', [
            rootFolder,
            '(',
            '-name',
            'ld-linux*.so.*',
            '-o',
            '-name',
            'libkvazaar.so.7',
            ')',
        ])
            .toString()
            .trim()
            .split('\n');
        const loader = triplet.find((path) => /ld-linux[^/]*$/.test(path));
        const library = triplet.find((path) => path.endsWith('libkvazaar.so.7'));
        if (!loader || !library) throw new SetupError('the kvazaar packages hold no program');

        const target = join(tools, 'kvazaar');
        rmSync(target, { recursive: true, force: true });
        run('cp', ['-a', rootFolder, target]);
        const inside = (path) => `"$root"${path.slice(rootFolder.length)}`;
        const wrapper = join(tools, 'bin', 'kvazaar');
        mkdirSync(dirname(wrapper), { recursive: true });
        // The wrapper finds its folder itself, so a clone can be moved.
        writeFileSync(
            `${wrapper}.new`,
            [
                '#!/bin/sh',
                'root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")/kvazaar',
                `exec ${inside(loader)} --library-path ${inside(dirname(library))} "$root"/usr/bin/kvazaar "$@"`,
                '',
            ].join('\n'),
        );
        chmodSync(`${wrapper}.new`, 0o755);
        run(`${wrapper}.new`, ['--version']);
        renameSync(`${wrapper}.new`, wrapper);
    } finally {
        rmSync(work, { recursive: true, force: true });
    }
}

/** Installs what is missing. @throws SetupError saying what to do by hand */
function installPrograms() {
    const missing = missingPrograms();
    if (missing.length === 0) return;
    const configured = missing.filter((name) => process.env[`KVZ_CLOUD_${name.toUpperCase()}`]);
    if (configured.length > 0) {
        const names = configured.map((name) => `KVZ_CLOUD_${name.toUpperCase()}`).join(', ');
        throw new SetupError(`${names} names a path where no program is`);
    }
    if (has('apt-get') && has('dpkg')) {
        const packages = new Set(
            missing.filter((name) => name !== 'kvazaar').map((name) => PACKAGES[name].apt),
        );
        let ownKvazaar = false;
        if (missing.includes('kvazaar')) {
            // Without root a private copy serves as well as a package, and asks nobody.
            if (aptCandidate('kvazaar') && rootPrefix()) packages.add('kvazaar');
            else ownKvazaar = true;
        }
        if (packages.size > 0) aptInstall([...packages]);
        if (ownKvazaar) installPrivateKvazaar();
    } else if (process.platform === 'darwin' && has('brew')) {
        const formulae = [...new Set(missing.map((name) => PACKAGES[name].brew))];
        say(`installing ${formulae.join(', ')} with Homebrew ...`);
        run('brew', ['install', ...formulae], { quiet: false });
    } else {
        throw new SetupError(
            `please install ${missing.join(', ')} with your system's package manager (packages ` +
                `are usually called ffmpeg, mkvtoolnix and kvazaar), or build kvazaar from its sources`,
        );
    }
    const left = missingPrograms();
    if (left.length > 0) throw new SetupError(`still missing after the set-up: ${left.join(', ')}`);
}

try {
    if (process.argv.includes('--check')) {
        const missing = missingPrograms();
        if (missing.length > 0) throw new SetupError(`missing: ${missing.join(', ')}`);
    } else {
        installPrograms();
    }
} catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`kvz-cloud set-up: ${error.message}`);
    process.exitCode = 1;
}
