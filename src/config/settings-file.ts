/** Changing the settings file. */
import { readJsonObject, SettingError } from './json-file.js';
import type { HomePaths } from './paths.js';
import { writePrivateFile } from './private-file.js';
import { SETTINGS, type SettingName } from './setting-table.js';
import type { Setting } from './setting-values.js';
import { unknownSetting } from './settings.js';

/** @throws SettingError for a name that is no setting's */
export function settingName(name: string): SettingName {
    if (Object.hasOwn(SETTINGS, name)) return name as SettingName;
    throw new SettingError(unknownSetting(name));
}

/** Lists and tables may be written as JSON; a list is also taken as text with commas. */
function asJson(text: string): unknown {
    if (!/^\s*[[{]/.test(text)) return text;
    try {
        return JSON.parse(text) as unknown;
    } catch (error) {
        throw new Error(`is not valid JSON: ${(error as Error).message}`, { cause: error });
    }
}

/**
 * Puts a setting into the file, or takes it out.
 * @param value as typed by the user; undefined takes it out
 * @throws SettingError for a value that the setting does not take
 */
export function changeSetting(
    { settingsFile }: HomePaths,
    name: SettingName,
    value: string | undefined,
): void {
    const file = readJsonObject(settingsFile);
    if (value === undefined) delete file[name];
    else {
        const setting: Setting<unknown> = SETTINGS[name];
        try {
            const given = typeof setting.default === 'object' ? asJson(value) : value;
            const parsed = setting.parse(given);
            // Sizes and durations stay as they were typed: "50G" is easier to read than its bytes.
            file[name] = String(parsed) === value ? parsed : given;
        } catch (error) {
            const isHidden = setting.isSecret || setting.show;
            const shown = isHidden ? '' : ` ${JSON.stringify(value)}`;
            throw new SettingError(`${name}${shown}: ${(error as Error).message}`);
        }
    }
    writePrivateFile(settingsFile, `${JSON.stringify(file, undefined, 4)}\n`);
}
