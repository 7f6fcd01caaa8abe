// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import dev.havn.apiserver.authentication.TokenAuthenticator.Outcome;
import dev.havn.apiserver.authentication.jwt.JwtAuthenticator;
import dev.havn.apiserver.authentication.jwt.JwtSettings;
import dev.havn.apiserver.configuration.ReadFile;
import dev.havn.apiserver.configuration.WatchedFile;
import dev.havn.apiserver.transport.Connections;
import dev.havn.apiserver.transport.Trusts;
import dev.havn.apiserver.webhook.ReviewClient;
import dev.havn.schema.validate.FieldError;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/// Puts the ways together in which a server finds out who calls, and follows the file that says
/// which identity providers are trusted.
public final class Authentication implements AutoCloseable {
  private static final Duration WEBHOOK_TIMEOUT = Duration.ofSeconds(30);

  private final Settings settings;
  private final Trusts trusts;
  private final Optional<AnonymousAccess> initial;
  private final Authenticator authenticator;
  private final @Nullable WatchedFile file;
  private volatile List<JwtAuthenticator> issuers;

  /// What it is made with.
  ///
  /// @param authorities that sign client certificates
  /// @param tokens of service accounts
  /// @param connections to identity providers
  public record Settings(
      AuthenticationOptions options,
      List<X509Certificate> authorities,
      ServiceAccountTokens tokens,
      ServiceAccountTokens.Lookup lookup,
      Connections connections,
      InstantSource clock,
      ScheduledExecutorService executor) {}

  /// @throws IllegalArgumentException in Kubernetes' words when a file is wrong
  public Authentication(Settings settings) {
    this.settings = settings;
    this.trusts = new Trusts(settings.clock());
    @Nullable ReadFile read = settings.options().configuration();
    AuthenticationConfiguration configuration =
        read == null
            ? AuthenticationConfiguration.NONE
            : AuthenticationConfiguration.parse(read.bytes());
    this.initial = configuration.anonymous();
    this.issuers = issuers(configuration);
    this.authenticator =
        new Authenticator(
            new ClientCertificates(settings.authorities(), settings.clock()),
            new BearerTokens(authenticators(), List.of(ServiceAccountTokens.ISSUER)),
            initial.orElse(settings.options().anonymous()));
    this.file =
        read == null
            ? null
            : new WatchedFile(read.path(), read.bytes(), this::reload, settings.executor());
  }

  public Authenticator authenticator() {
    return authenticator;
  }

  /// In Kubernetes' order: what is known here before what others must be asked about.
  private List<TokenAuthenticator> authenticators() {
    List<String> own = List.of(ServiceAccountTokens.ISSUER);
    List<TokenAuthenticator> all = new ArrayList<>();
    all.add(settings.tokens());
    if (settings.options().bootstrapTokens()) {
      all.add(
          TokenAuthenticator.forAudiences(
              own, new BootstrapTokens(settings.lookup(), settings.clock())));
    }
    all.add(TokenAuthenticator.forAudiences(own, this::ofIssuers));
    AuthenticationOptions.@Nullable Webhook webhook = settings.options().webhook();
    if (webhook != null) {
      ReviewClient client =
          new ReviewClient(
              webhook.target(), settings.connections(), settings.clock(), WEBHOOK_TIMEOUT);
      all.add(
          new TokenWebhook(client, webhook.version(), webhook.remembered(), own, settings.clock()));
    }
    return all;
  }

  private Outcome ofIssuers(String token, List<String> audiences) {
    for (JwtAuthenticator each : issuers) {
      Outcome outcome = each.authenticate(token, audiences);
      if (!(outcome instanceof Outcome.None)) {
        return outcome;
      }
    }
    return Outcome.NONE;
  }

  private List<JwtAuthenticator> issuers(AuthenticationConfiguration configuration) {
    List<JwtAuthenticator> made = new ArrayList<>();
    for (JwtSettings each : configuration.jwt()) {
      made.add(new JwtAuthenticator(each, settings.connections(), trusts, settings.clock()));
    }
    return List.copyOf(made);
  }

  private void reload(byte[] bytes) {
    AuthenticationConfiguration configuration = AuthenticationConfiguration.parse(bytes);
    if (!configuration.anonymous().equals(initial)) {
      throw new IllegalArgumentException(
          FieldError.forbidden("anonymous", "changed from initial configuration file").toString());
    }
    issuers = issuers(configuration);
  }

  @Override
  public void close() {
    if (file != null) {
      file.close();
    }
  }
}
