/** docs/CONFIG.md and docs/settings.schema.json are what the code says; `npm run docs` writes them. */
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { configDocument, settingsSchema } from '../../scripts/config-doc/generate.js';
import { SETTINGS, type Setting, type SettingName } from '../../src/config/settings.js';

const path = (name: string): string =>
    fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
const SCHEMA = path('settings.schema.json');

describe('the published settings', () => {
    it('are up to date (if not: npm run docs)', async () => {
        await expect(configDocument()).toMatchFileSnapshot(path('CONFIG.md'));
    });

    it('have a schema that is up to date (if not: npm run docs)', async () => {
        const options = await resolveConfig(SCHEMA);
        const text = await format(settingsSchema(), { ...options, parser: 'json' });
        await expect(text).toMatchFileSnapshot(SCHEMA);
    });

    const schema = z.fromJSONSchema(
        JSON.parse(settingsSchema()) as Parameters<typeof z.fromJSONSchema>[0],
    );
    const fits = (settings: object): boolean => schema.safeParse(settings).success;

    it('take in the file what the schema takes', () => {
        const values = [
            ...[0, 1, 2, 7, 19, 65_535, 1_048_576, 1.5, -1, 1e12, true, false, '', 'x', 'info'],
            ...['8MiB', '50G', '1.5 GB', '7d', '30m', '12', '90 s', '5x', 'issued', 'open'],
            ...['http://localhost:1', 'localhost:1', 'a secret', 'x'.repeat(20), [], {}],
            ...[{ p: { preset: 'fast' } }, { p: { preset: 1 } }, { p: { presets: 'fast' } }],
        ];
        for (const [name, { parse }] of Object.entries(SETTINGS) as [
            SettingName,
            Setting<unknown>,
        ][]) {
            for (const value of values.filter((each) => fits({ [name]: each }))) {
                // Limits that a pattern cannot state are told when the file is read.
                const isText = typeof value === 'string' || name === 'chunkSize';
                const read = (): unknown => parse(value);
                if (!isText) expect(read, `${name} ${JSON.stringify(value)}`).not.toThrow();
            }
            expect(values.some((value) => fits({ [name]: value }))).toBe(true);
            expect(values.every((value) => fits({ [name]: value }))).toBe(false);
        }
    });

    it('refuse in the schema what the daemon refuses', () => {
        expect(fits({ $schema: 'x', workers: 2, resultExpiry: '14d' })).toBe(true);
        expect(fits({ workers: -1 })).toBe(false);
        expect(fits({ wrokers: 2 })).toBe(false);
        expect(fits({ logLevel: 'loud' })).toBe(false);
    });
});
