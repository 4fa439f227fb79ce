import { defineConfig } from 'vitest/config';

export default defineConfig({
    test: {
        include: ['test/**/*.test.{ts,tsx}'],
        globalSetup: 'test/helpers/leftovers/run-folder.ts',
        setupFiles: 'test/helpers/leftovers/leave-nothing.ts',
        testTimeout: 60_000,
        hookTimeout: 60_000,
        // Tests start real encoders that use the cores themselves.
        maxWorkers: 2,
        // npm run coverage
        coverage: {
            include: ['src/**'],
            reportOnFailure: true,
            reporter: ['text-summary', 'html', 'json'],
        },
    },
});
