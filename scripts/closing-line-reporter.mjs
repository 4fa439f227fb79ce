// Ends a test run with one line that scripts can read: "N passed, N failed, N skipped".
export default class ClosingLineReporter {
    onTestRunEnd(modules) {
        const counts = { passed: 0, failed: 0, skipped: 0 };
        for (const module of modules) {
            if (module.errors().length > 0) counts.failed += 1;
            for (const test of module.children.allTests()) {
                const { state } = test.result();
                if (state in counts) counts[state] += 1;
            }
        }
        const { passed, failed, skipped } = counts;
        process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    }
}
