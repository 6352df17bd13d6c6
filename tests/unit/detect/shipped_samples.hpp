#pragma once
// Envelopes as their senders document them.

#include <zlib.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace remint::detect::samples {

inline std::string gzip(std::string_view text) {
  constexpr int kGzip = 15 + 16;
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = (bits << 8U) | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += i + j > bytes.size() ? '=' : kAlphabet[(bits >> (18 - 6 * j)) & 63U];
    }
  }
  return out;
}

/// For use between quotes.
inline std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

inline std::string cloudwatch(const std::string& stream, std::initializer_list<std::string> messages) {
  std::string events;
  for (const auto& message : messages) {
    events += std::string(events.empty() ? "" : ",") + R"({"id":"36611246546","timestamp":1782900000000,"message":")" +
              escaped(message) + "\"}";
  }
  return R"({"messageType":"DATA_MESSAGE","owner":"111111111111","logGroup":"/aws/eks/c/cluster","logStream":")" +
         stream + R"(","subscriptionFilters":["remint"],"logEvents":[)" + events + "]}";
}

inline std::string firehose(std::initializer_list<std::string> data) {
  std::string records;
  for (const auto& one : data) records += std::string(records.empty() ? "" : ",") + R"({"data":")" + one + "\"}";
  return R"({"requestId":"ed4acda5-034f-9f42-bba1-f29aea6d7d8f","timestamp":1578090901599,"records":[)" + records +
         "]}";
}

}  // namespace remint::detect::samples
