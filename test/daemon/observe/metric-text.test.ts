import { expect, it } from 'vitest';
import {
    formatMetrics,
    LabelledCounter,
    LabelledHistogram,
} from '../../../src/daemon/observe/metric-text.js';

it('writes names, help, types and escaped labels', async () => {
    const failures = new LabelledCounter();
    failures.increment({ reason: 'a "quoted"\\\nreason' });
    failures.increment({ reason: 'other' });
    failures.increment({ reason: 'other' });
    const text = await formatMetrics([
        {
            name: 'free_bytes',
            help: 'Free\nspace.',
            type: 'gauge',
            samples: async () => Promise.resolve([{ value: 1.5e21 }]),
        },
        {
            name: 'failures_total',
            help: 'Failures.',
            type: 'counter',
            samples: () => failures.samples(),
        },
        { name: 'odd', help: 'Odd.', type: 'gauge', samples: () => [{ value: Number.NaN }] },
        { name: 'none', help: 'None.', type: 'counter', samples: () => [] },
    ]);
    expect(text).toBe(
        [
            '# HELP free_bytes Free\\nspace.',
            '# TYPE free_bytes gauge',
            'free_bytes 1.5e+21',
            '',
            '# HELP failures_total Failures.',
            '# TYPE failures_total counter',
            'failures_total{reason="a \\"quoted\\"\\\\\\nreason"} 1',
            'failures_total{reason="other"} 2',
            '',
            '# HELP odd Odd.',
            '# TYPE odd gauge',
            'odd NaN',
            '',
            '# HELP none None.',
            '# TYPE none counter',
            '',
        ].join('\n'),
    );
});

it('counts what is observed in each bucket that holds it', async () => {
    const seconds = new LabelledHistogram([1, 5], [{}]);
    const text = async (): Promise<string[]> => {
        const samples = (): ReturnType<typeof seconds.samples> => seconds.samples();
        const family = { name: 'seconds', help: 'Seconds.', type: 'histogram', samples } as const;
        return (await formatMetrics([family])).split('\n').slice(2, -1);
    };
    expect(await text()).toEqual([
        'seconds_bucket{le="1"} 0',
        'seconds_bucket{le="5"} 0',
        'seconds_bucket{le="+Inf"} 0',
        'seconds_sum 0',
        'seconds_count 0',
    ]);
    for (const value of [1, 1.5, 7]) seconds.observe({}, value);
    seconds.observe({ state: 'ready' }, 2);
    expect(await text()).toEqual([
        'seconds_bucket{le="1"} 1',
        'seconds_bucket{le="5"} 2',
        'seconds_bucket{le="+Inf"} 3',
        'seconds_sum 9.5',
        'seconds_count 3',
        'seconds_bucket{state="ready",le="1"} 0',
        'seconds_bucket{state="ready",le="5"} 1',
        'seconds_bucket{state="ready",le="+Inf"} 1',
        'seconds_sum{state="ready"} 2',
        'seconds_count{state="ready"} 1',
    ]);
});
