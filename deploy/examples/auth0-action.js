// An Auth0 Action for the trigger post-login: a token is issued only with the scopes that `limit` of routes.yaml allows its
// user. The Action runs at Auth0, so that it needs a way to the admin listener's POST /limit, which asks for no password:
// put a proxy of yours before it that checks LIMIT_KEY. Secrets of the Action: LIMIT_URL, LIMIT_KEY, AUDIENCE.
exports.onExecutePostLogin = async (event, api) => {
  if (event.resource_server?.identifier !== event.secrets.AUDIENCE) return;
  const scopes = event.transaction?.requested_scopes ?? [];
  const roles = event.authorization?.roles ?? [];
  const response = await fetch(event.secrets.LIMIT_URL, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${event.secrets.LIMIT_KEY}` },
    // The claims that `limit` names, as the token will hold them.
    body: JSON.stringify({ scopes, claims: { 'https://calendar.example.com/roles': roles } }),
  });
  if (!response.ok) return api.access.deny('The scopes of this user are not known');
  const { removed } = await response.json();
  for (const scope of removed) api.accessToken.removeScope(scope);
};
