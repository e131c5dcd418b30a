// Scopegate itself, as a separate process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

// Starts Scopegate with this folder's routes.yaml and waits until it listens. ready() waits for its issuer's keys.
export async function startGate(program, environment) {
  const routes = new URL('routes.yaml', import.meta.url).pathname;
  const child = spawn(program, ['run', '--config', routes], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL')); // whatever ends the story also ends the gate
  const gate = { log: [], origin: undefined, admin: undefined };

  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`scopegate ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line);
      gate.log.push(event);
      if (event.event !== 'listening') return;
      gate[event.listener === 'admin' ? 'admin' : 'origin'] = `http://${event.address}`;
      if (gate.admin && gate.origin) resolve();
    });
  });

  gate.ready = async () => {
    while (!(await fetch(`${gate.admin}/readyz`)).ok) await new Promise((again) => setTimeout(again, 50));
  };
  gate.stop = async () => {
    child.removeAllListeners('exit');
    child.kill('SIGINT');
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    return code;
  };
  return gate;
}
