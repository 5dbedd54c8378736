import { it } from 'vitest';
import { frame, Pair } from './pair.ts';
it('x', async () => {
    const pair = await Pair.started({ });
    const frames = Array.from({ length: 200 }, (_, number) => frame(600, number));
    for (const bytes of frames) pair.a.trySend(bytes);
    const t0=pair.clock.now();
    await pair.clock.drive(pair.a.driver.stop());
    console.log(pair.clock.now()-t0, pair.a.completed, pair.link.counters(), pair.a.nic.linkUp, pair.b.nic.linkUp, pair.b.driver.adapter.linkState);
    pair.clock.advance(10e6);
    console.log(pair.b.arrivals.length, pair.link.counters(), pair.b.nic.drops(), pair.b.linkChanges);
});
