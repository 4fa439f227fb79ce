#!/usr/bin/env node
// In the place of kvazaar: says that a frame is coded 50 times a second and does nothing else. Frame
// n is told n periods after a whole multiple of ten seconds, so whoever hears of it knows since when.
const PERIOD_MS = 20;
const EPOCH_MS = 10_000;

const startMs = Math.ceil((Date.now() + PERIOD_MS) / EPOCH_MS) * EPOCH_MS;
let frame = 0;
process.stdin.pause();
// As on every other loop, a timer may come late; what is late is told at once.
const tell = () => {
    for (; startMs + (frame + 1) * PERIOD_MS <= Date.now(); frame++) {
        process.stderr.write(
            `POC ${frame} QP 22 AVG QP 21.0 (P-frame)     34558 bits PSNR Y 47.4818 U 46.0565 V 45.6492 [L0 0 ] [L1 ]\n`,
        );
    }
    setTimeout(tell, startMs + (frame + 1) * PERIOD_MS - Date.now());
};
tell();
