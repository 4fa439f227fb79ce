/** What `kvz-cloud config` does. */
import { changeSetting, settingName } from '../../config/settings-file.js';
import { COMMAND_SETTINGS, SETTINGS } from '../../config/settings.js';
import type { ResolvedSettings, SettingName } from '../../config/settings.js';
import type { CliContext, ServerFlags } from '../context.js';
import { formatTable } from '../ui/table.js';
import type { ConfigFlags } from './config.js';

/** A secret is not for the screen, nor for what a script logs. */
function shown(name: SettingName, value: unknown): unknown {
    const { isSecret, show } = SETTINGS[name];
    if (show) return show(value);
    return isSecret && value !== '' ? '(not shown)' : value;
}

/** Tables of values, such as the profiles, by the names in them. */
function valueText(value: unknown): string {
    return typeof value === 'object' && value !== null
        ? Object.keys(value).join(', ')
        : String(value);
}

/** "context lab", "environment" … */
function sourceText({ sources, context }: ResolvedSettings, name: SettingName): string {
    return sources[name] === 'context' && context ? `context ${context.name}` : sources[name];
}

export function listSettings(context: CliContext, flags: ConfigFlags): void {
    const resolved = context.settings({ server: flags.server }, flags.context);
    const { values, sources } = resolved;
    const { settingsFile, tokenFile, contextsFile, logDir, cacheDir } = context.paths;
    const names = Object.keys(SETTINGS) as SettingName[];
    if (flags.json) {
        const settings = Object.fromEntries(
            names.map((name) => [
                name,
                { value: shown(name, values[name]), source: sources[name] },
            ]),
        );
        const { name, source } = resolved.context ?? {};
        const chosen = name === undefined ? null : { name, source };
        const paths = { settingsFile, tokenFile, contextsFile, logDir, cacheDir };
        return context.printJson({ settings, context: chosen, paths });
    }
    const rows = names.map((name) => [
        name,
        valueText(shown(name, values[name])),
        sourceText(resolved, name),
        SETTINGS[name].meaning,
    ]);
    const header = ['SETTING', 'VALUE', 'FROM', 'MEANING'];
    formatTable(header, rows).forEach((line) => context.print(line));
    context.print('');
    const places = [
        ['settings file', settingsFile],
        ['token file', resolved.context?.tokenFile ?? tokenFile],
        ['contexts', contextsFile],
        ['logs', logDir],
        ['cache', cacheDir],
    ] as const;
    return places.forEach(([name, path]) => context.print(`${name.padEnd(13)}  ${path}`));
}

export function getSetting(context: CliContext, name: string, flags: ServerFlags): void {
    const { values } = context.settings({ server: flags.server }, flags.context);
    const value: unknown = values[settingName(name)];
    context.print(typeof value === 'string' ? value : JSON.stringify(value));
}

export function setSetting(context: CliContext, name: string, value: string | undefined): void {
    const known = settingName(name);
    changeSetting(context.paths, known, value);
    const resolved = context.settings();
    const effective = valueText(shown(known, resolved.values[known]));
    const source = resolved.sources[known];
    const from = source === 'file' ? '' : `, by ${sourceText(resolved, known)}`;
    const later = COMMAND_SETTINGS.has(known)
        ? ''
        : ' (a running daemon learns of it at its next start)';
    context.say(`${known} is ${effective}${from}${later}`);
}
