#!/usr/bin/env node
// npm run audit: the known vulnerabilities of what users get. `npm audit --omit=dev` does not see
// what is bundled, as that is a development dependency here, and plain `npm audit` tells of tools
// that no user has. Needs a registry that answers audits. Exit 1: there are some; 2: nobody knows.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { shippedFolders } from './licences.mjs';
import { ROOT } from './root.mjs';

/**
 * @param report what `npm audit --json` says
 * @param folders of the packages that count (node_modules/…)
 * @returns a line for each vulnerable package that is in one of them
 */
export function vulnerable(report, folders) {
    const shipped = new Set(folders);
    return Object.values(report.vulnerabilities)
        .filter(({ nodes }) => nodes.some((folder) => shipped.has(folder)))
        .map(({ name, severity, range, via }) => {
            const titles = via.map((each) =>
                typeof each === 'string' ? `by ${each}` : each.title,
            );
            return `${severity}: ${name} ${range}: ${titles.join('; ')}`;
        });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const { stdout } = spawnSync('npm', ['audit', '--json', '--loglevel=silent'], {
        cwd: ROOT,
        encoding: 'utf8',
    });
    const report = JSON.parse(stdout || '{}');
    if (!report.vulnerabilities) {
        process.stderr.write(`npm audit gave no report: ${report.message ?? 'no reason told'}\n`);
        process.exit(2);
    }
    const folders = await shippedFolders();
    const lines = vulnerable(report, folders);
    for (const line of lines) process.stdout.write(`${line}\n`);
    process.stderr.write(`${lines.length} of ${folders.length} packages are vulnerable\n`);
    process.exit(lines.length === 0 ? 0 : 1);
}
