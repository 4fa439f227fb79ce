/** docs/CONFIG.md and docs/settings.schema.json from the table of settings. */
import { readFileSync } from 'node:fs';
import {
    COMMAND_SETTINGS,
    SETTINGS,
    type Setting,
    type SettingName,
} from '../../src/config/settings.js';

const entries = Object.entries(SETTINGS) as [SettingName, Setting<unknown>][];

function defaultText({ default: value, defaultText: text }: Setting<unknown>): string {
    if (text !== undefined) return text;
    return Array.isArray(value) ? 'none' : String(value);
}

function settingsTable(ofCommands: boolean): string {
    const rows = entries
        .filter(([name]) => COMMAND_SETTINGS.has(name) === ofCommands)
        .map(([name, setting]) => {
            const env = setting.env === undefined ? '' : `\`${setting.env}\``;
            return `| \`${name}\` | ${setting.meaning} | ${defaultText(setting)} | ${env} |`;
        });
    const heading = ['| setting | meaning | default | variable |', '| --- | --- | --- | --- |'];
    return [...heading, ...rows].join('\n');
}

/** The whole document. */
export function configDocument(): string {
    const template = readFileSync(new URL('./template.md', import.meta.url), 'utf8');
    return template
        .replace('{{commandSettings}}', () => settingsTable(true))
        .replace('{{daemonSettings}}', () => settingsTable(false));
}

/** What the settings file may hold. */
export function settingsSchema(): string {
    const properties = Object.fromEntries(
        entries.map(([name, setting]) => {
            const { meaning, parse, default: value, defaultText: text } = setting;
            const fallback = text === undefined ? { default: value } : {};
            return [name, { description: meaning, ...parse.schema, ...fallback }];
        }),
    );
    return JSON.stringify({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: 'urn:kvz-cloud:settings',
        title: 'kvz-cloud settings',
        description: 'config.json in the configuration folder of kvz-cloud',
        type: 'object',
        properties: { $schema: { type: 'string' }, ...properties },
        additionalProperties: false,
    });
}
