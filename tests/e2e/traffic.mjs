// Continuous requests: four clients, each of which sends its next request as soon as it has a response,
// always with a token from `tokenFor()`. A request without a response counts as `failed`.
export function keepAsking(url, tokenFor) {
  const counts = {};
  const waiting = [];
  const traffic = { total: 0 };
  let ended = false;

  const ask = async () => {
    const token = await tokenFor();
    const status = await fetch(url, { headers: { Authorization: `Bearer ${token}` } }).then(
      async (answer) => { await answer.text(); return answer.status; }, () => 'failed');
    counts[status] = (counts[status] ?? 0) + 1;
    traffic.total += 1;
    for (const wait of waiting) if (wait.fits(token) && --wait.left === 0) wait.resolve();
  };
  const callers = Array.from({ length: 4 }, async () => { while (!ended) await ask(); });
  const allEnded = Promise.all(callers).then(() => {});

  // Waits for this many further responses, to requests whose token fits.
  traffic.answersTo = (fits, left) => Promise.race([allEnded, new Promise((resolve) => waiting.push({ fits, left, resolve }))]);
  traffic.answers = (left) => traffic.answersTo(() => true, left);
  // Stops the clients and returns the number of responses of each status.
  traffic.end = async () => {
    ended = true;
    await allEnded;
    return counts;
  };
  return traffic;
}
