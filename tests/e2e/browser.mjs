// The user: a real Chromium, what it sees kept as pictures, and the application's pages as the story handles them.
import { strict as assert } from 'node:assert';
import { mkdir } from 'node:fs/promises';
import { chromium } from 'playwright-core';

export async function startBrowser(pictures) {
  await mkdir(pictures, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    chromiumSandbox: process.getuid() !== 0, // root can have none
    args: ['--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'], // nothing but loopback
  });
  const open = [];

  // A fresh profile with the application open in it.
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

// In the application: what it says after a click, and what it asks for.
export async function state(page, wanted) {
  await page.locator('#state').filter({ hasText: wanted }).waitFor();
  return page.locator('#state').textContent();
}

export async function askFor(page, button, scope) {
  await page.click(button);
  await page.locator('#needed').filter({ hasText: scope }).waitFor();
}

// From the application's question to the authorization server's page; answers which scopes its URL asked for.
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

// What the consent page lists, as [scope, description].
export async function listed(page, kind) {
  await page.locator('ul.granted').waitFor({ state: 'attached' });
  return page.locator(`ul.${kind} li`).evaluateAll((items) =>
    items.map((item) => [item.dataset.scope, item.firstChild.textContent.trim()]));
}

// The application's tokens.
export const tokens = (page) => page.evaluate(() => JSON.parse(sessionStorage.getItem('agenda')).tokens);
export const claimsOf = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
