#!/usr/bin/env node
// Programs that only the tests use: found, or installed where they are missing and that is possible.
// Run as a program by `npm test`; what cannot be installed is said, and its tests tell the rest.
import { fileURLToPath } from 'node:url';
import { aptInstall, has, rootPrefix, say, SetupError } from './packages.mjs';

/** Package in Debian and Ubuntu by program, and what it is there for. */
const PROGRAMS = {
    'redis-server': { apt: 'redis-server', use: 'the queue for several machines' },
    tmux: { apt: 'tmux', use: 'a terminal to look at' },
    zsh: { apt: 'zsh', use: 'its completion' },
    fish: { apt: 'fish', use: 'its completion' },
    strace: { apt: 'strace', use: 'the test of opened files' },
    mandoc: { apt: 'mandoc', use: 'the check of the man page' },
};

function installMissing() {
    const missing = Object.entries(PROGRAMS).filter(([program]) => !has(program));
    if (missing.length === 0) return;
    const names = missing.map(([program, { use }]) => `${program} (${use})`).join(', ');
    if (process.platform !== 'linux' || !has('apt-get') || !rootPrefix()) {
        throw new SetupError(`please install ${names}`);
    }
    aptInstall([...new Set(missing.map(([, { apt }]) => apt))]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    try {
        installMissing();
    } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        say(`some tests lack a program and will fail: ${error.message}`);
    }
}
