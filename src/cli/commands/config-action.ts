/** What `kvz-cloud config` does. */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { fileProblem } from '../../config/file-problem.js';
import { changeSetting, settingName } from '../../config/settings-file.js';
import { COMMAND_SETTINGS, SETTINGS } from '../../config/settings.js';
import type { ResolvedSettings, Setting, SettingName } from '../../config/settings.js';
import { KvzError } from '../../protocol/errors.js';
import type { CliContext, ServerFlags } from '../context.js';
import { formatTable } from '../ui/table.js';
import type { ConfigFlags } from './config.js';

/** A secret that nobody asked for is not for the screen, nor for what a script logs. */
function shown(name: SettingName, value: unknown): unknown {
    const { isSecret, show }: Setting<unknown> = SETTINGS[name];
    if (show) return show(value);
    return isSecret && value !== '' ? '(not shown)' : value;
}

/** Tables of values, such as the profiles, by the names in them. */
function valueText(value: unknown): string {
    if (typeof value !== 'object' || value === null) return String(value);
    return (Array.isArray(value) ? value : Object.keys(value)).join(', ');
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

/** Prints one value, a secret one too: it was asked for by its name. */
export function getSetting(context: CliContext, name: string, flags: ServerFlags): void {
    const { values } = context.settings({ server: flags.server }, flags.context);
    const value: unknown = values[settingName(name)];
    context.print(typeof value === 'string' ? value : JSON.stringify(value));
}

/**
 * The value that a setting is to get. One with a secret in it is not taken from the command line,
 * where other users of the machine could read it.
 * @throws KvzError USAGE
 */
export async function valueOf(
    context: CliContext,
    name: string,
    given: string | undefined,
    from: string | undefined,
): Promise<string> {
    const known = settingName(name);
    const way = `kvz-cloud config set ${known} --from FILE (- for stdin)`;
    if (from === undefined) {
        if (given === undefined) throw new KvzError('USAGE', `${known} needs a value, or: ${way}`);
        if (!holdsSecret(known, given)) return given;
        const why = 'is secret, and other users of this machine can read command lines';
        throw new KvzError('USAGE', `${known} ${why}; use: ${way}`);
    }
    if (given !== undefined) {
        throw new KvzError('USAGE', `${known} is given twice: as an argument and with --from`);
    }
    if (from === '-' && process.stdin.isTTY) {
        context.say(`reading ${known} from stdin, end it with Ctrl-D`);
    }
    try {
        const text = from === '-' ? await readAll(process.stdin) : await readFile(from, 'utf8');
        return text.trim();
    } catch (error) {
        throw new KvzError('USAGE', `--from ${from}: ${fileProblem(error)}`, {
            cause: error,
        });
    }
}

/** Whether a value is secret, or a part of it: the password of an address. */
function holdsSecret(name: SettingName, value: string): boolean {
    const { isSecret = false } = SETTINGS[name];
    return isSecret || (URL.canParse(value) && new URL(value).password !== '');
}

export function setSetting(context: CliContext, name: string, value: string | undefined): void {
    const known = settingName(name);
    changeSetting(context.paths, known, value);
    const resolved = context.settings();
    const { defaultText = 'not set' }: Setting<unknown> = SETTINGS[known];
    const effective = valueText(shown(known, resolved.values[known])) || defaultText;
    const source = resolved.sources[known];
    const from = source === 'file' ? '' : `, by ${sourceText(resolved, known)}`;
    const later = COMMAND_SETTINGS.has(known)
        ? ''
        : ' (a running daemon learns of it at its next start)';
    context.say(`${known} is ${effective}${from}${later}`);
}
