#!/usr/bin/env node
// Finds a Chromium for the browser tests; run as a program it installs one where there is none.
// A machine that cannot have one goes without: those tests are skipped and say why.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptInstall, has, rootPrefix, say, SetupError } from './packages.mjs';

const NAMES = ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser'];

const MAC_APPS = [
    'Chromium.app/Contents/MacOS/Chromium',
    'Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The path of a Chromium or Chrome: `KVZ_CLOUD_TEST_BROWSER`, or one that is installed. */
export function findBrowser(env = process.env) {
    if (env.KVZ_CLOUD_TEST_BROWSER) return env.KVZ_CLOUD_TEST_BROWSER;
    const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
    const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
    if (process.platform === 'darwin') {
        candidates.push(...MAC_APPS.map((app) => join('/Applications', app)));
    }
    return candidates.find((path) => existsSync(path));
}

function installBrowser() {
    if (process.platform !== 'linux' || !has('apt-get')) {
        throw new SetupError('there is no Chromium or Chrome; please install one');
    }
    if (!rootPrefix()) throw new SetupError('chromium must be installed by root');
    aptInstall(['chromium']);
    if (!findBrowser()) throw new SetupError('the chromium package holds no program');
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !findBrowser()) {
    try {
        installBrowser();
    } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        say(`no browser, so the tests in test/browser are skipped: ${error.message}`);
    }
}
