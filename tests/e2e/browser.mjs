// The user: a real Chromium, which keeps pictures of what it shows, and the application's pages as the story
// uses them.
import { strict as assert } from 'node:assert';
import { mkdir } from 'node:fs/promises';
import { chromium } from 'playwright-core';

export async function startBrowser(pictures) {
  await mkdir(pictures, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    chromiumSandbox: process.getuid() !== 0, // root cannot use the sandbox
    args: ['--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'], // loopback only
  });
  const open = [];

  // Opens the application in a fresh profile.
  const visit = async (url) => {
    const context = await browser.newContext({ viewport: { width: 760, height: 560 } });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => { page.broken = error; });
    open.push(page);
    await page.goto(url);
    await page.getByText('ready').waitFor();
    return page;
  };
  const picture = (page, name) => page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  return {
    visit,
    picture,
    pictureOfFailure: async () => {
      for (const [i, page] of open.entries()) if (!page.isClosed()) await picture(page, `failure-${i + 1}`);
    },
    done: async (page) => {
      assert.equal(page.broken, undefined, 'an error in the application');
      await page.context().close();
    },
    stop: () => browser.close(),
  };
}

// Returns the application's state after a click, and the scopes that it requests.
export async function state(page, wanted) {
  await page.locator('#state').filter({ hasText: wanted }).waitFor();
  return page.locator('#state').textContent();
}

export async function askFor(page, button, scope) {
  await page.click(button);
  await page.locator('#needed').filter({ hasText: scope }).waitFor();
}

// Goes from the application's button to the authorization server's page. Returns the scopes in its URL.
export async function goAndAsk(page) {
  const asked = page.waitForRequest((request) => request.isNavigationRequest() && request.url().includes('/auth?'));
  await page.click('#consent');
  return new URL((await asked).url()).searchParams.get('scope');
}

export async function logIn(page, name) {
  await page.fill('[name=name]', name);
  await page.fill('[name=password]', `${name}-s`);
  await page.click('text="Log in"');
}

// Returns the list on the consent page, as [scope, description].
export async function listed(page, kind) {
  await page.locator('ul.granted').waitFor({ state: 'attached' });
  return page.locator(`ul.${kind} li`).evaluateAll((items) =>
    items.map((item) => [item.dataset.scope, item.firstChild.textContent.trim()]));
}

// The application's tokens.
export const tokens = (page) => page.evaluate(() => JSON.parse(sessionStorage.getItem('agenda')).tokens);
export const claimsOf = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
