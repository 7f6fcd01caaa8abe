// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Response;
import dev.havn.schema.ResourceType;
import dev.havn.schema.codec.GoText;
import dev.havn.schema.codec.Protobuf;
import dev.havn.store.Entry;
import dev.havn.store.Page;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// Get and list.
final class Reads {
  private static final Set<String> INCLUDED = Set.of("Metadata", "Object", "None");
  private final Objects objects;
  private final Tables tables;
  private final Executor executor;

  Reads(Objects objects, Tables tables, Executor executor) {
    this.objects = objects;
    this.tables = tables;
    this.executor = executor;
  }

  void get(Call call, Response response) {
    Media media = Media.of(call, true);
    checkRevision(call);
    @Nullable StoredObject found = objects.find(call.type(), call.namespace(), call.name());
    if (found == null) {
      throw ApiException.notFound(call.type(), call.name());
    }
    sendStored(call, response, media, 200, found);
  }

  /// Refuses a revision that cannot be read or is yet to come. Kubernetes keeps events out of its
  /// cache, so another part of it reads what is asked of them.
  void checkRevision(Call call) {
    @Nullable String asked = call.query("resourceVersion");
    if (call.type().builtinKind().equals("Event")) {
      checkReadable(asked);
    }
    objects.checkReached(call.type(), asked);
  }

  void send(Call call, Response response, Media media, int status, Written written) {
    switch (written) {
      case Written.Stored(StoredObject object) -> sendStored(call, response, media, status, object);
      case Written.Unstored(ObjectNode object) -> sendOne(call, response, media, status, object);
    }
  }

  /// A stored object in the form asked for; most are sent as they are stored.
  void sendStored(Call call, Response response, Media media, int status, StoredObject found) {
    boolean asStored =
        media.as().isEmpty()
            && media.format() == Media.Format.JSON
            && !media.pretty()
            && Conversions.isPlain(call.type(), found);
    if (asStored) {
      Chunks out = new Chunks(found.jsonBytesMax());
      found.writeJson(out);
      response.send(status, Output.headers(Media.JSON, call.warnings()), out.buffers());
    } else {
      sendOne(call, response, media, status, found.toTree());
    }
  }

  /// One object in the form asked for.
  void sendOne(Call call, Response response, Media media, int status, ObjectNode object) {
    ObjectNode shown = Conversions.toVersion(call.type(), object);
    switch (media.as()) {
      case "Table" ->
          Output.send(
              response,
              media,
              status,
              tables.of(call.type(), media, includeObject(call), List.of(shown), meta(shown)),
              null,
              call.warnings());
      case "PartialObjectMetadata" ->
          Output.send(response, media, status, partial(shown, media), null, call.warnings());
      case "PartialObjectMetadataList" ->
          throw ApiException.unsuitable(
              "you requested PartialObjectMetadataList, but the requested object is not a list (%s)"
                  .formatted(Body.goType(call.type(), "")));
      default -> Output.send(response, media, status, shown, call.type().schema(), call.warnings());
    }
  }

  private static ObjectNode meta(ObjectNode object) {
    ObjectNode meta = JsonNodeFactory.instance.objectNode();
    meta.put("resourceVersion", object.path("metadata").path("resourceVersion").asText());
    return meta;
  }

  /// What of its object each row of a table brings.
  static String includeObject(Call call) {
    @Nullable String include = call.query("includeObject");
    if (include == null || include.isEmpty()) {
      return "Metadata";
    }
    if (!INCLUDED.contains(include)) {
      throw ApiException.badRequest(
          "Unable to convert to Table as requested: includeObject: Invalid value: "
              + GoText.quoted(include)
              + ": must be 'Metadata', 'Object', 'None', or empty");
    }
    return include;
  }

  /// @param media which version of `meta.k8s.io` was asked for
  static ObjectNode partial(ObjectNode object, Media media) {
    ObjectNode partial = JsonNodeFactory.instance.objectNode();
    partial.put("kind", "PartialObjectMetadata").put("apiVersion", media.asApiVersion());
    partial.set("metadata", Kinds.bareMetadata(object));
    return partial;
  }

  /// What a list asks for besides its selection.
  private record Paging(int limit, String after, long revision) {}

  void list(Call call, Response response) {
    Media media = Media.ofCollection(call);
    ListOptions.check(call);
    Selection selection = Selection.of(call);
    Paging paging = paging(call);
    if (media.as().equals("PartialObjectMetadata")) {
      throw ApiException.unsuitable(
          "you requested PartialObjectMetadata, but the requested object is a list (%s)"
              .formatted(Body.goType(call.type(), "List")));
    }
    String prefix = Objects.prefix(call.type(), call.namespace());
    @Nullable String name = selection.name();
    if (name != null && (!call.type().namespaced() || !call.namespace().isEmpty())) {
      prefix = Registry.key(call.type(), call.namespace(), name);
    }
    List<StoredObject> found = new ArrayList<>();
    int wanted = paging.limit();
    int ask = selection.isEverything() ? wanted : 0;
    String after = paging.after().isEmpty() ? "" : prefix + paging.after();
    Page page = page(prefix, after, ask, paging);
    long remaining = page.remaining();
    for (Entry entry : page.entries()) {
      StoredObject object = StoredObject.of(entry);
      boolean named = name == null || entry.key().endsWith("/" + name);
      if (named && selection.matches(call.type(), object)) {
        found.add(object);
      }
      if (wanted > 0 && found.size() == wanted) {
        remaining = Math.max(remaining, entry == page.entries().getLast() ? 0 : 1);
        break;
      }
    }
    long revision = page.revision();
    String token = "";
    if (remaining > 0 && !found.isEmpty()) {
      String last = found.getLast().entry().key().substring(prefix.length());
      token = new ContinueToken(revision, last).encode();
    }
    send(
        call,
        response,
        media,
        found,
        new Protobuf.ListMeta(
            String.valueOf(revision), token, selection.isEverything() ? remaining : 0));
  }

  private Page page(String prefix, String after, int limit, Paging paging) {
    if (paging.after().isEmpty()) {
      return objects.page(prefix, after, limit, paging.revision());
    }
    try {
      return objects.page(prefix, after, limit, Math.max(0, paging.revision()));
    } catch (ApiException e) {
      if (e.code() != 410) {
        throw e;
      }
      throw ApiException.expiredPage(new ContinueToken(ContinueToken.NOW, paging.after()).encode());
    }
  }

  /// Refuses options of a collection that cannot be read, and revisions that are yet to come.
  void checkPaging(Call call) {
    paging(call);
  }

  private Paging paging(Call call) {
    int limit = Math.clamp(call.number("limit", 0), 0, Integer.MAX_VALUE);
    @Nullable String token = call.query("continue");
    @Nullable String asked = call.query("resourceVersion");
    if (token != null) {
      ContinueToken from = ContinueToken.decode(token);
      if (asked != null && !asked.equals("0")) {
        throw ApiException.badRequest(
            "specifying resource version is not allowed when using continue");
      }
      return new Paging(asked == null ? limit : 0, from.last(), from.revision());
    }
    checkReadable(asked);
    long revision = objects.checkReached(call.type(), asked);
    boolean exact = "Exact".equals(call.query("resourceVersionMatch"));
    // Whoever takes any state gets it whole, as from a cache.
    return new Paging("0".equals(asked) ? 0 : limit, "", exact ? revision : 0);
  }

  private static void checkReadable(@Nullable String revision) {
    if (revision != null && AskedRevision.read(revision).isEmpty()) {
      throw ApiException.badRequest(
          "invalid resource version: " + AskedRevision.problemOfParameter(revision));
    }
  }

  private void send(
      Call call, Response response, Media media, List<StoredObject> found, Protobuf.ListMeta meta) {
    ResourceType type = call.type();
    boolean whole = media.as().isEmpty() && !Conversions.isByWebhook(type);
    if (whole && media.format() == Media.Format.JSON && !media.pretty()) {
      new ListBody<>(found, new JsonList(type, meta))
          .send(response, Output.headers(Media.JSON, call.warnings()), executor);
    } else if (media.as().isEmpty() && media.format() == Media.Format.PROTOBUF) {
      List<byte[]> items = new ArrayList<>(found.size());
      for (StoredObject each : found) {
        items.add(
            Conversions.isPlain(type, each)
                ? each.protobuf(type.schema(), each.entry().revision())
                : Protobuf.message(Conversions.tree(type, each), type.schema()));
      }
      byte[] head = Protobuf.listPrefix(type.apiVersion(), type.kind() + "List", meta, items);
      new ListBody<>(items, new ProtobufList(head))
          .send(response, Output.headers(Media.PROTOBUF, call.warnings()), executor);
    } else {
      Output.send(response, media, 200, tree(call, media, found, meta), null, call.warnings());
    }
  }

  private record JsonList(ResourceType type, Protobuf.ListMeta meta)
      implements ListBody.Form<StoredObject> {
    @Override
    public void head(Chunks out) {
      out.write(
          "{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":%s,\"items\":["
              .formatted(type.listKind(), type.apiVersion(), listMeta(type, meta)));
    }

    @Override
    public void item(Chunks out, StoredObject item, boolean first) {
      if (!first) {
        out.write(",");
      }
      if (!Conversions.isPlain(type, item)) {
        ObjectNode seen = Conversions.tree(type, item);
        if (type.custom() == null) {
          seen.remove(List.of("kind", "apiVersion"));
        }
        out.write(Output.json(seen, false));
      } else if (type.custom() == null) {
        item.writeItem(out);
      } else {
        item.writeJson(out);
      }
    }

    @Override
    public void tail(Chunks out) {
      out.write("]}\n");
    }
  }

  private record ProtobufList(byte[] prefix) implements ListBody.Form<byte[]> {
    @Override
    public void head(Chunks out) {
      out.write(prefix);
    }

    @Override
    public void item(Chunks out, byte[] item, boolean first) {
      out.write(Protobuf.itemPrefix(item.length)).write(item);
    }

    @Override
    public void tail(Chunks out) {
      out.write(Protobuf.listSuffix());
    }
  }

  /// The metadata of a list of custom objects always says how it goes on.
  static ObjectNode listMeta(ResourceType type, Protobuf.ListMeta meta) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    if (type.custom() != null) {
      json.put("continue", "");
    }
    return json.setAll(listMeta(meta));
  }

  private static ObjectNode listMeta(Protobuf.ListMeta meta) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("resourceVersion", meta.resourceVersion());
    if (!meta.continueToken().isEmpty()) {
      json.put("continue", meta.continueToken());
      if (meta.remaining() > 0) {
        json.put("remainingItemCount", meta.remaining());
      }
    }
    return json;
  }

  private ObjectNode tree(
      Call call, Media media, List<StoredObject> found, Protobuf.ListMeta meta) {
    List<ObjectNode> trees = Conversions.trees(call.type(), found);
    if (media.as().equals("Table")) {
      return tables.of(call.type(), media, includeObject(call), trees, listMeta(meta));
    }
    boolean partial = !media.as().isEmpty();
    ObjectNode list = JsonNodeFactory.instance.objectNode();
    list.put("kind", partial ? "PartialObjectMetadataList" : call.type().listKind());
    list.put("apiVersion", partial ? media.asApiVersion() : call.type().apiVersion());
    list.set("metadata", partial ? listMeta(meta) : listMeta(call.type(), meta));
    if (partial && trees.isEmpty()) {
      list.putNull("items");
      return list;
    }
    ArrayNode items = list.putArray("items");
    for (ObjectNode each : trees) {
      boolean named = partial || call.type().custom() != null;
      items.add(
          partial
              ? partial(each, media)
              : named ? each : each.without(List.of("kind", "apiVersion")));
    }
    return list;
  }
}
