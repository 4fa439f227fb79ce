/** docs/json.schema.json is what the code says; `npm run docs` writes it. */
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { jsonSchema } from '../../scripts/json-doc/generate.js';

it('the published schema of JSON output is up to date (if not: npm run docs)', async () => {
    const path = fileURLToPath(new URL('../../docs/json.schema.json', import.meta.url));
    const options = await resolveConfig(path);
    const text = await format(jsonSchema(), { ...options, parser: 'json' });
    await expect(text).toMatchFileSnapshot(path);
});
