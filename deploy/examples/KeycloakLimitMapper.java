// A protocol mapper for Keycloak: a token is issued only with the scopes that `limit` of routes.yaml allows its user. Build
// it as a provider (SPI protocol-mapper), put the jar into providers/, and add the mapper to the clients' dedicated scopes.
// Keycloak asks the admin listener's POST /limit; let both run in one pod or network that nobody else is in.
package com.example.scopegate;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.keycloak.broker.provider.util.SimpleHttp;
import org.keycloak.models.ClientSessionContext;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.ProtocolMapperModel;
import org.keycloak.models.UserSessionModel;
import org.keycloak.protocol.oidc.mappers.AbstractOIDCProtocolMapper;
import org.keycloak.protocol.oidc.mappers.OIDCAccessTokenMapper;
import org.keycloak.provider.ProviderConfigProperty;
import org.keycloak.representations.AccessToken;

public class KeycloakLimitMapper extends AbstractOIDCProtocolMapper implements OIDCAccessTokenMapper {
    private static final String LIMIT_URL = "http://127.0.0.1:9901/limit";

    @Override
    public AccessToken transformAccessToken(AccessToken token, ProtocolMapperModel mapper, KeycloakSession session,
                                            UserSessionModel user, ClientSessionContext context) {
        var roles = token.getRealmAccess() == null ? List.of() : token.getRealmAccess().getRoles();
        var question = Map.of("scopes", token.getScope().split(" "),
                              "claims", Map.of("realm_access", Map.of("roles", roles))); // the claim that `limit` names
        var allowed = new StringJoiner(" ");
        try {
            JsonNode answer = SimpleHttp.doPost(LIMIT_URL, session).json(question).asJson();
            answer.get("scopes").forEach(scope -> allowed.add(scope.asText()));
        } catch (IOException unreachable) {
            throw new IllegalStateException("Scopegate does not say what this user may", unreachable); // no token
        }
        token.setScope(allowed.toString());
        return token;
    }

    @Override
    public int getPriority() {
        return 1000; // behind the mappers that add the roles
    }

    @Override
    public String getId() {
        return "scopegate-limit";
    }

    @Override
    public String getDisplayType() {
        return "Scopegate limit";
    }

    @Override
    public String getDisplayCategory() {
        return TOKEN_MAPPER_CATEGORY;
    }

    @Override
    public String getHelpText() {
        return "Leaves only the scopes that the user's roles allow";
    }

    @Override
    public List<ProviderConfigProperty> getConfigProperties() {
        return List.of();
    }
}
