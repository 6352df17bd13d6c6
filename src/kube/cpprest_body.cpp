#include "cpprest_body.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace remint::kube {
namespace {

namespace streams = concurrency::streams;
using StreamBuffer = streams::details::streambuf_state_manager<std::uint8_t>;

constexpr std::size_t kMaxPiece = 256U << 20U;

// Everything that the library never asks of a body.
class PlainBuffer : public StreamBuffer {
 public:
  using StreamBuffer::StreamBuffer;
  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(size_t, std::ios_base::openmode) override {}
  size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return static_cast<pos_type>(traits::eof()); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return static_cast<pos_type>(traits::eof()); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return static_cast<pos_type>(traits::eof());
  }
  bool acquire(std::uint8_t*& pointer, size_t& count) override {
    pointer = nullptr;
    count = 0;
    return false;
  }
  void release(std::uint8_t*, size_t) override {}

 protected:
  pplx::task<int_type> _putc(std::uint8_t) override { return eof(); }
  pplx::task<size_t> _putn(const std::uint8_t*, size_t) override { return pplx::task_from_result<size_t>(0); }
  pplx::task<int_type> _bumpc() override { return eof(); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return eof(); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return eof(); }
  pplx::task<int_type> _ungetc() override { return eof(); }
  pplx::task<size_t> _getn(std::uint8_t*, size_t) override { return pplx::task_from_result<size_t>(0); }
  size_t _scopy(std::uint8_t*, size_t) override { return 0; }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  std::uint8_t* _alloc(size_t) override { return nullptr; }
  void _commit(size_t) override {}

 private:
  static pplx::task<int_type> eof() { return pplx::task_from_result<int_type>(traits::eof()); }
};

// A request body that can be read once.
class BodySource final : public PlainBuffer {
 public:
  BodySource(std::string body, std::shared_ptr<BodyGate> gate)
      : PlainBuffer(std::ios_base::in), body_(std::move(body)), gate_(std::move(gate)) {}

 protected:
  pplx::task<size_t> _getn(std::uint8_t* into, size_t count) override {
    if (!gate_->pass()) {
      return pplx::task_from_exception<size_t>(std::runtime_error("nobody waits for the answer any more"));
    }
    const std::size_t size = std::min(count, body_.size() - at_);
    std::memcpy(into, body_.data() + at_, size);
    at_ += size;
    return pplx::task_from_result(size);
  }

 private:
  std::string body_;
  std::size_t at_ = 0;
  std::shared_ptr<BodyGate> gate_;
};

// Passes the response's body to the Exchange. Must not throw: that would end the process.
class BodySink final : public PlainBuffer {
 public:
  explicit BodySink(std::shared_ptr<Exchange> exchange)
      : PlainBuffer(std::ios_base::out), exchange_(std::move(exchange)) {}

 protected:
  pplx::task<size_t> _putn(const std::uint8_t* bytes, size_t count) override {
    if (count > kMaxPiece) {
      exchange_->finish(Error{ErrorCode::kUnavailable, "the server sent a chunk of absurd size", 0});
      return refuse();
    }
    try {
      pplx::task_completion_event<size_t> room;
      const auto resume = [room, count](bool wanted) {
        if (wanted) {
          room.set(count);
        } else {
          room.set_exception(std::runtime_error("nobody reads any more"));
        }
      };
      switch (exchange_->put({reinterpret_cast<const char*>(bytes), count}, resume)) {
        case Exchange::Put::kTaken:
          return pplx::task_from_result(count);
        case Exchange::Put::kWait:
          return pplx::create_task(room);
        case Exchange::Put::kRefused:
          break;
      }
    } catch (const std::exception& error) {
      exchange_->finish(Error{ErrorCode::kInternal, std::string("cannot take the response: ") + error.what(), 0});
    }
    return refuse();
  }

 private:
  static pplx::task<size_t> refuse() {
    return pplx::task_from_exception<size_t>(std::runtime_error("nobody reads any more"));
  }
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace

concurrency::streams::istream make_body_source(std::string body, std::shared_ptr<BodyGate> gate) {
  const auto source = std::make_shared<BodySource>(std::move(body), std::move(gate));
  return {streams::streambuf<std::uint8_t>(source)};
}

concurrency::streams::ostream make_body_sink(std::shared_ptr<Exchange> exchange) {
  const auto sink = std::make_shared<BodySink>(std::move(exchange));
  return {streams::streambuf<std::uint8_t>(sink)};
}

}  // namespace remint::kube
