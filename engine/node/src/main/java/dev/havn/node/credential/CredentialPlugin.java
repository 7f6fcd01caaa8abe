// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.configuration.KubeletConfiguration;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A program that gives a kubelet credentials for images (KEP-2133): it reads a request and answers
/// with what is for which places, and for how long. The same question of a namespace waits for its
/// answer, others do not wait for one that hangs: a namespace has but its share of the programs
/// that run at a time, and of the answers that are kept.
public final class CredentialPlugin implements CredentialSource {
  /// That a kubelet waits for one.
  static final Duration TIME_MAX = Duration.ofMinutes(1);

  private static final Logger LOG = LoggerFactory.getLogger(CredentialPlugin.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String GLOBAL = "";
  private static final int ERRORS_MAX = 1_000;
  private static final int PROGRAMS_AT_ONCE = 32;
  static final int OF_A_NAMESPACE_AT_ONCE = 4;
  private static final int WAITING_OF_A_NAMESPACE = 256;

  private final Settings settings;
  private final InstantSource clock;
  private final Duration timeMax;
  private final KeptAnswers kept;
  private final FairPlaces places =
      new FairPlaces(PROGRAMS_AT_ONCE, OF_A_NAMESPACE_AT_ONCE, WAITING_OF_A_NAMESPACE);

  /// Those that have no answer yet.
  private final Map<String, FutureTask<Keyring>> questions = new ConcurrentHashMap<>();

  /// @param command the program and its arguments
  /// @param variables of its environment, beside those of this process
  /// @param version of the protocol, as of `credentialprovider.kubelet.k8s.io/v1`
  /// @param images patterns of the images that it is asked for
  /// @param keeps its answers for so long where it does not say
  /// @param tokens what it is told of accounts, null for nothing
  record Settings(
      List<String> command,
      Map<String, String> variables,
      String version,
      List<String> images,
      Duration keeps,
      @Nullable TokenAttributes tokens) {}

  CredentialPlugin(Settings settings, InstantSource clock, Duration timeMax) {
    this.settings = settings;
    this.clock = clock;
    this.timeMax = timeMax;
    this.kept = new KeptAnswers(clock);
  }

  /// Whether it wants to know for whom it is asked.
  public boolean wantsAccount() {
    return settings.tokens() != null;
  }

  @Override
  public List<Credential> of(String name) {
    return of(name, "");
  }

  @Override
  public List<Credential> of(String name, String namespace) {
    return wantsAccount() ? List.of() : answer(name, Asker.NOBODY, namespace);
  }

  /// As [#of(String)], of a plugin that wants to know the account.
  public List<Credential> of(String name, PodAccount account) {
    @Nullable TokenAttributes tokens = settings.tokens();
    if (tokens == null || !isFor(name)) {
      return List.of();
    }
    if (account.name().isEmpty()) {
      return tokens.isRequired() ? List.of() : answer(name, Asker.NOBODY, account.namespace());
    }
    if (account.uid().isEmpty() || !account.annotations().keySet().containsAll(tokens.required())) {
      // By an annotation an account asks for this.
      return List.of();
    }
    return answer(
        name,
        new Asker(
            new Credential.Source(account.namespace(), account.name(), account.uid()),
            account.token(tokens.audience()),
            tokens.told(account),
            tokens.byToken()),
        account.namespace());
  }

  /// For whom it is asked.
  ///
  /// @param source of what it answers
  /// @param token empty for none
  private record Asker(
      Credential.Source source, String token, Map<String, String> annotations, boolean byToken) {
    static final Asker NOBODY = new Asker(Credential.Source.NODE, "", Map.of(), false);

    /// By which its answers are kept apart from those for others.
    String key() {
      String hash = new Credential("", byToken ? token : "", "", source).hash();
      return source + " " + annotations + " " + hash + " ";
    }
  }

  private boolean isFor(String name) {
    return settings.images().stream().anyMatch(each -> Keyring.isFor(each, name));
  }

  private List<Credential> answer(String name, Asker asker, String namespace) {
    if (!isFor(name)) {
      return List.of();
    }
    @Nullable Keyring known = known(name, asker);
    if (known != null) {
      return known.of(name);
    }
    // Not for other namespaces, whose turn may come sooner.
    String question = namespace + " " + asker.key() + name;
    FutureTask<Keyring> mine = new FutureTask<>(() -> inTurn(name, asker, namespace));
    @Nullable FutureTask<Keyring> others = questions.putIfAbsent(question, mine);
    if (others == null) {
      mine.run();
      questions.remove(question, mine);
    }
    try {
      return (others == null ? mine : others).get().of(name);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof IOException why)) {
        throw new IllegalStateException("the plugin was not asked for " + name, e);
      }
      LOG.warn("no credential for {}: {}", name, why.getMessage());
      return List.of();
    }
  }

  private Keyring inTurn(String name, Asker asker, String namespace) throws IOException {
    places.enter(namespace, timeMax);
    try {
      @Nullable Keyring learnt = known(name, asker);
      return learnt == null ? ask(name, asker, namespace) : learnt;
    } finally {
      places.leave(namespace);
    }
  }

  private @Nullable Keyring known(String name, Asker asker) {
    for (String key : List.of(name, host(name), GLOBAL)) {
      @Nullable Keyring known = kept.get(asker.key() + key);
      if (known != null) {
        return known;
      }
    }
    return null;
  }

  private static String host(String name) {
    return name.replaceFirst("/.*", "");
  }

  private Keyring ask(String name, Asker asker, String namespace) throws IOException {
    Instant now = clock.instant();
    ObjectNode request = JsonNodeFactory.instance.objectNode();
    request.put("kind", "CredentialProviderRequest").put("apiVersion", settings.version());
    request.put("image", name);
    if (!asker.token().isEmpty()) {
      request.put("serviceAccountToken", asker.token());
      ObjectNode annotations = request.putObject("serviceAccountAnnotations");
      asker.annotations().forEach(annotations::put);
    }
    String program = settings.command().getFirst();
    Program.Answer answer =
        Program.ask(settings.command(), settings.variables(), request.toString(), timeMax);
    if (answer.status() != 0) {
      throw new IOException(
          "%s ends with status %d: %s".formatted(program, answer.status(), first(answer.errors())));
    }
    JsonNode response = response(program, answer.output());
    Keyring keyring = keyring(response.path("auth"), asker.source());
    Duration keeps = keeps(program, response.path("cacheDuration"));
    String key =
        switch (response.path("cacheKeyType").asText()) {
          case "Image" -> name;
          case "Registry" -> host(name);
          case "Global" -> GLOBAL;
          default ->
              throw new IOException(
                  "%s: invalid cacheKeyType '%s': Image, Registry or Global"
                      .formatted(program, response.path("cacheKeyType").asText()));
        };
    if (keeps.isPositive()) {
      String place = asker.key() + key;
      int length = place.length() + answer.output().length();
      kept.put(place, keyring, namespace, length, now.plus(keeps));
    }
    return keyring;
  }

  /// What a program says may be long, and goes to the log.
  private static String first(String errors) {
    return errors.length() <= ERRORS_MAX ? errors : errors.substring(0, ERRORS_MAX) + " ...";
  }

  private JsonNode response(String program, String text) throws IOException {
    JsonNode response;
    try {
      response = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IOException(program + " answers with no JSON", e);
    }
    boolean isOne =
        response.path("kind").asText().equals("CredentialProviderResponse")
            && response.path("apiVersion").asText().equals(settings.version());
    if (!isOne) {
      throw new IOException(
          "%s answers with %s of %s, not with CredentialProviderResponse of %s"
              .formatted(
                  program,
                  response.path("kind").asText("nothing"),
                  response.path("apiVersion").asText("none"),
                  settings.version()));
    }
    return response;
  }

  private static Keyring keyring(JsonNode auth, Credential.Source source) {
    Map<String, List<Credential>> byPlace = new HashMap<>();
    for (Map.Entry<String, JsonNode> each : auth.properties()) {
      Credential one =
          new Credential(
              each.getValue().path("username").asText(""),
              each.getValue().path("password").asText(""),
              "",
              source);
      byPlace.put(each.getKey(), List.of(one));
    }
    return new Keyring(byPlace);
  }

  private Duration keeps(String program, JsonNode duration) throws IOException {
    if (duration.isMissingNode() || duration.isNull()) {
      return settings.keeps();
    }
    try {
      return KubeletConfiguration.duration("cacheDuration", duration);
    } catch (IllegalArgumentException e) {
      throw new IOException(program + ": " + e.getMessage(), e);
    }
  }
}
