import type { Command } from 'commander';
import { SETTINGS } from '../../config/settings.js';
import type { SettingName } from '../../config/settings.js';
import type { CliContext } from '../context.js';
import { formatTable } from '../ui/table.js';
import { addExamples } from './common.js';

/** Tables of values, such as the profiles, by the names in them. */
function valueText(value: unknown): string {
    return typeof value === 'object' && value !== null
        ? Object.keys(value).join(', ')
        : String(value);
}

export function addConfig(program: Command, context: CliContext): void {
    const command = program
        .command('config')
        .description('show the effective settings, and where each comes from')
        .option('--json', 'one JSON document on stdout')
        .action((flags: { json?: boolean }) => {
            const { values, sources } = context.settings();
            const { settingsFile, tokenFile, logDir, cacheDir } = context.paths;
            const names = Object.keys(SETTINGS) as SettingName[];
            if (flags.json) {
                const settings = Object.fromEntries(
                    names.map((name) => [name, { value: values[name], source: sources[name] }]),
                );
                const paths = { settingsFile, tokenFile, logDir, cacheDir };
                return context.printJson({ settings, paths });
            }
            const rows = names.map((name) => [
                name,
                valueText(values[name]),
                sources[name],
                SETTINGS[name].meaning,
            ]);
            const header = ['SETTING', 'VALUE', 'FROM', 'MEANING'];
            formatTable(header, rows).forEach((line) => context.print(line));
            context.print('');
            const places = [
                ['settings file', settingsFile],
                ['token file', tokenFile],
                ['logs', logDir],
                ['cache', cacheDir],
            ] as const;
            return places.forEach(([name, path]) => context.print(`${name.padEnd(13)}  ${path}`));
        });
    addExamples(command, [['kvz-cloud config --json | jq .settings.server', '']]);
}
