/** Which of the known vulnerabilities concern those who install kvz-cloud. */
import { expect, it } from 'vitest';
import { vulnerable } from '../scripts/audit.mjs';
import { shippedFolders } from '../scripts/licences.mjs';

const about = (name: string, nodes: string[]) => ({
    ...{ name, severity: 'high', range: '<2.0.0', nodes },
    via: [{ title: 'reads what it should not' }, 'other'],
});

it('tells of what is bundled or installed, and not of tools', async () => {
    const report = {
        vulnerabilities: {
            ws: about('ws', ['node_modules/ws']),
            'better-sqlite3': about('better-sqlite3', ['node_modules/better-sqlite3']),
            vitest: about('vitest', ['node_modules/vitest']),
            zod: about('zod', ['node_modules/vitest/node_modules/zod']),
        },
    };
    expect(vulnerable(report, await shippedFolders())).toEqual([
        'high: ws <2.0.0: reads what it should not; by other',
        'high: better-sqlite3 <2.0.0: reads what it should not; by other',
    ]);
});
