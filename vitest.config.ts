import { defineConfig } from 'vitest/config';
import { SlowFirst } from './test/helpers/slow-first.js';

export default defineConfig({
    test: {
        include: ['test/**/*.test.{ts,tsx}'],
        globalSetup: 'test/helpers/leftovers/run-folder.ts',
        setupFiles: 'test/helpers/leftovers/leave-nothing.ts',
        // Nothing that works takes as long, however busy the machine is.
        testTimeout: 120_000,
        hookTimeout: 120_000,
        // Instead of one second.
        expect: { poll: { timeout: 60_000 } },
        // One more attempt; the last line of the run names the tests that needed it.
        retry: 1,
        sequence: { sequencer: SlowFirst },
        // On two cores: tests start encoders that use the cores themselves, and wait for them.
        maxWorkers: 3,
        // npm run coverage
        coverage: {
            include: ['src/**'],
            reportOnFailure: true,
            reporter: ['text-summary', 'html', 'json'],
        },
    },
});
