// What is no workload and no pod: nodes, namespaces, ServiceAccounts, Secrets with tokens.
#include "object_reader.hpp"
#include "remint/detect/objects.hpp"

namespace remint::detect {
namespace {

using Value = ObjectReader::Value;

bool node_address(ObjectReader& reader, Value item, NodeRecord& node) {
  std::string_view type;
  std::string text;
  const bool fine = reader.fields(item, "status.addresses", [&](const char* key, Value value) {
    if (is(key, "type")) {
      type = trimmed_token(value);
    }
    return !is(key, "address") || reader.text(value, "status.addresses.address", text);
  });
  if (!fine || (type != "\"InternalIP\"" && type != "\"ExternalIP\"")) {
    return fine;
  }
  const auto ip = IpAddress::parse(text);
  if (!ip) {
    return reader.fail("status.addresses.address", "must be an IP address");
  }
  node.addresses.push_back(*ip);
  return true;
}

template <class Record>
Result<Record> decode_named(std::string_view what, std::string_view json) {
  ObjectReader reader(what);
  Record record;
  std::optional<Time> created;
  bool fine = reader.read(json, [&](const char* key, Value value) {
    return !is(key, "metadata") || reader.fields(value, "metadata", [&](const char* k, Value v) {
      if (is(k, "name")) {
        return reader.text(v, "metadata.name", record.name);
      }
      if (is(k, "namespace")) {
        return reader.text(v, "metadata.namespace", record.ns);
      }
      if (is(k, "uid")) {
        return reader.text(v, "metadata.uid", record.uid);
      }
      if constexpr (requires { record.account_uid; }) {
        if (is(k, "annotations")) {
          return reader.fields(v, "metadata.annotations", [&](const char* name, Value text) {
            return !is(name, "kubernetes.io/service-account.uid") ||
                   reader.text(text, "metadata.annotations", record.account_uid);
          });
        }
      }
      return !is(k, "creationTimestamp") || reader.time(v, "metadata.creationTimestamp", created);
    });
  });
  fine = fine && (!record.name.empty() || reader.fail("metadata.name", "is missing"));
  fine = fine && (!record.uid.empty() || reader.fail("metadata.uid", "is missing"));
  record.created = created.value_or(Time{});
  return fine ? Result<Record>(std::move(record)) : std::unexpected(reader.error());
}

}  // namespace

Result<NodeRecord> decode_node(std::string_view json) {
  ObjectReader reader("node");
  NodeRecord node;
  bool fine = reader.read(json, [&](const char* key, Value value) {
    if (is(key, "metadata")) {
      return reader.fields(value, "metadata", [&](const char* k, Value v) {
        return !is(k, "name") || reader.text(v, "metadata.name", node.name);
      });
    }
    return !is(key, "status") || reader.fields(value, "status", [&](const char* k, Value v) {
      return !is(k, "addresses") ||
             reader.items(v, "status.addresses", [&](Value item) { return node_address(reader, item, node); });
    });
  });
  fine = fine && (!node.name.empty() || reader.fail("metadata.name", "is missing"));
  return fine ? Result<NodeRecord>(std::move(node)) : std::unexpected(reader.error());
}

Result<NamespaceRecord> decode_namespace(std::string_view json) {
  ObjectReader reader("namespace");
  NamespaceRecord ns;
  bool fine = reader.read(json, [&](const char* key, Value value) {
    return !is(key, "metadata") || reader.fields(value, "metadata", [&](const char* k, Value v) {
      if (is(k, "name")) {
        return reader.text(v, "metadata.name", ns.name);
      }
      if (is(k, "annotations")) {
        return reader.fields(v, "metadata.annotations", [&](const char* name, Value text) {
          return reader.own_annotation(name, text, ns.annotations);
        });
      }
      return !is(k, "labels") || reader.labels(v, "metadata.labels", ns.labels);
    });
  });
  fine = fine && (!ns.name.empty() || reader.fail("metadata.name", "is missing"));
  return fine ? Result<NamespaceRecord>(std::move(ns)) : std::unexpected(reader.error());
}

Result<ServiceAccountRecord> decode_service_account(std::string_view json) {
  return decode_named<ServiceAccountRecord>("ServiceAccount", json);
}

Result<TokenSecretRecord> decode_token_secret(std::string_view json) {
  return decode_named<TokenSecretRecord>("Secret", json);
}

}  // namespace remint::detect
