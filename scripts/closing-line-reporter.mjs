// Ends a test run with one line that scripts can read, "N passed, N failed, N skipped", and with
// the names of those that passed at their second attempt only: each of them is a defect.
export default class ClosingLineReporter {
    onTestRunEnd(modules) {
        const counts = { passed: 0, failed: 0, skipped: 0 };
        const late = [];
        for (const module of modules) {
            if (module.errors().length > 0) counts.failed += 1;
            for (const test of module.children.allTests()) {
                const { state } = test.result();
                if (state in counts) counts[state] += 1;
                if (test.diagnostic()?.flaky)
                    late.push(`${module.relativeModuleId} > ${test.fullName}`);
            }
        }
        const { passed, failed, skipped } = counts;
        const line = [`${passed} passed, ${failed} failed, ${skipped} skipped`];
        if (late.length > 0) {
            const names = late.map((name) => name.replaceAll(/\s+/g, ' ')).join('; ');
            line.push(`of which ${late.length} passed only at the second attempt: ${names}`);
        }
        process.stdout.write(`${line.join(', ')}\n`);
    }
}
