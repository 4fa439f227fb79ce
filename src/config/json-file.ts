/** Reading the JSON files of a user: settings and contexts. */
import { readFileSync } from 'node:fs';
import { fileProblem } from './file-problem.js';
import { KvzError } from '../protocol/errors.js';

/** A setting that cannot be used; the message names it, where it came from, and what is expected. */
export class SettingError extends KvzError {
    constructor(message: string) {
        super('USAGE', message);
    }
}

/** The object in a JSON file; empty when there is no such file. @throws SettingError */
export function readJsonObject(path: string): Record<string, unknown> {
    let content: string;
    try {
        content = readFileSync(path, 'utf8');
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
        throw new SettingError(`${path}: ${fileProblem(error)}`);
    }
    let value: unknown;
    try {
        value = JSON.parse(content);
    } catch (error) {
        throw new SettingError(`${path} is not valid JSON: ${(error as Error).message}`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new SettingError(`${path}: expected a JSON object`);
    }
    return value as Record<string, unknown>;
}
