// aeron_peer echo|ping|send|receive DIRECTORY STREAM ...: messages through Aeron's C++ client and "aeron:ipc", as parley-bench's shm-* do through Parley.
//   echo DIRECTORY STREAM                      sends back on STREAM + 1 what comes on STREAM, until SIGTERM
//   ping DIRECTORY STREAM COUNT WARMUP SIZE    prints microseconds a round trip
//   send DIRECTORY STREAM SIZE                 sends messages that count up to whoever subscribes, until SIGTERM
//   receive DIRECTORY STREAM COUNT WARMUP      prints messages a second
// DIRECTORY is the media driver's. Publications are exclusive, both sides poll and never sleep, claims are written in place: Aeron's fastest.
#include <Aeron.h>
#include <concurrent/BusySpinIdleStrategy.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using aeron::concurrent::AtomicBuffer;
using aeron::concurrent::logbuffer::BufferClaim;
using aeron::concurrent::logbuffer::Header;
using Idle = aeron::concurrent::BusySpinIdleStrategy;
using Clock = std::chrono::steady_clock;

constexpr int FragmentLimit = 256;

// With terms of 64 MiB, or as AERON_PEER_CHANNEL says.
const char *const channel_variable = std::getenv("AERON_PEER_CHANNEL");
const std::string Channel = channel_variable != nullptr ? channel_variable : "aeron:ipc";

volatile std::sig_atomic_t stopped = 0;

std::shared_ptr<aeron::Aeron> connect(const std::string &directory)
{
    aeron::Context context;
    context.aeronDir(directory).preTouchMappedMemory(true);
    return aeron::Aeron::connect(context);
}

template <typename Find> auto wait_for(Find find) -> decltype(find())
{
    const auto until = Clock::now() + std::chrono::seconds(10);
    while (true) {
        if (auto found = find())
            return found;
        if (stopped)
            std::exit(0);
        if (Clock::now() > until)
            throw std::runtime_error("the other side did not come");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

std::shared_ptr<aeron::ExclusivePublication> publish(aeron::Aeron &aeron, std::int32_t stream)
{
    const auto id = aeron.addExclusivePublication(Channel, stream);
    return wait_for([&] { return aeron.findExclusivePublication(id); });
}

std::shared_ptr<aeron::Subscription> subscribe(aeron::Aeron &aeron, std::int32_t stream)
{
    const auto id = aeron.addSubscription(Channel, stream);
    return wait_for([&] { return aeron.findSubscription(id); });
}

std::shared_ptr<aeron::Image> image_of(aeron::Subscription &subscription)
{
    return wait_for([&] { return subscription.imageCount() > 0 ? subscription.imageByIndex(0) : nullptr; });
}

// Whether it went; not when it must stop, or the other side has gone.
bool put(aeron::ExclusivePublication &publication, const std::uint8_t *message, std::int32_t length)
{
    BufferClaim claim;
    std::int64_t position;
    while ((position = publication.tryClaim(length, claim)) < 0) {
        if (stopped || (position != aeron::BACK_PRESSURED && position != aeron::ADMIN_ACTION))
            return false;
        aeron::concurrent::atomic::cpu_pause();
    }
    std::memcpy(claim.buffer().buffer() + claim.offset(), message, static_cast<std::size_t>(length));
    claim.commit();
    return true;
}

void echo(const std::string &directory, std::int32_t stream)
{
    auto aeron = connect(directory);
    auto there = subscribe(*aeron, stream);
    auto back = publish(*aeron, stream + 1);
    auto image = image_of(*there);
    wait_for([&] { return back->isConnected(); });
    Idle idle;
    while (!stopped) {
        idle.idle(image->poll(
            [&](AtomicBuffer &buffer, std::int32_t offset, std::int32_t length, Header &) { put(*back, buffer.buffer() + offset, length); }, FragmentLimit));
    }
}

void ping(const std::string &directory, std::int32_t stream, std::size_t count, std::size_t warm_up, std::size_t size)
{
    auto aeron = connect(directory);
    auto back = subscribe(*aeron, stream + 1);
    auto there = publish(*aeron, stream);
    auto image = image_of(*back);
    wait_for([&] { return there->isConnected(); });

    // As RoundTrips.cs has it: blocks that fit into the first cache, compared while the clock stands, each of other messages than the one before.
    const std::size_t block = 128, warm_up_blocks = (warm_up + block - 1) / block, blocks = (count + block - 1) / block;
    std::vector<std::uint8_t> both(2 * block * size), received(block * size);
    std::uint64_t random = 88172645463325252u;
    for (auto &byte : both) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        byte = static_cast<std::uint8_t>(random);
    }

    std::chrono::duration<double, std::micro> time{};
    Idle idle;
    for (std::size_t i = 0; i < warm_up_blocks + blocks; i++) {
        const std::uint8_t *sent = both.data() + i % 2 * received.size();
        const auto start = Clock::now();
        for (std::size_t at = 0; at < received.size(); at += size) {
            put(*there, sent + at, static_cast<std::int32_t>(size));
            while (image->poll([&](AtomicBuffer &buffer, std::int32_t offset, std::int32_t length, Header &) {
                std::memcpy(received.data() + at, buffer.buffer() + offset, static_cast<std::size_t>(length));
            }, 1) == 0)
                idle.idle(0);
        }
        if (i >= warm_up_blocks)
            time += Clock::now() - start;
        if (!std::equal(received.begin(), received.end(), sent))
            throw std::runtime_error("a message came back changed");
    }
    std::printf("%.4f\n", time.count() / static_cast<double>(blocks * block));
}

void send(const std::string &directory, std::int32_t stream, std::size_t size)
{
    auto aeron = connect(directory);
    auto publication = publish(*aeron, stream);
    wait_for([&] { return publication->isConnected(); });
    std::vector<std::uint8_t> message(size);
    for (std::int64_t i = 0;; i++) {
        std::memcpy(message.data(), &i, sizeof i);
        if (!put(*publication, message.data(), static_cast<std::int32_t>(size)))
            return;
    }
}

void receive(const std::string &directory, std::int32_t stream, std::int64_t count, std::int64_t warm_up)
{
    auto aeron = connect(directory);
    auto subscription = subscribe(*aeron, stream);
    auto image = image_of(*subscription);
    std::int64_t taken = 0, wrong = 0;
    std::vector<std::uint8_t> message(4096);
    const auto take = [&](AtomicBuffer &buffer, std::int32_t offset, std::int32_t length, Header &) {
        std::int64_t number;
        std::memcpy(message.data(), buffer.buffer() + offset, static_cast<std::size_t>(length));
        std::memcpy(&number, message.data(), sizeof number);
        wrong |= number ^ taken++;
    };
    Idle idle;
    while (taken < warm_up)
        idle.idle(image->poll(take, FragmentLimit));
    const std::int64_t before = taken;
    const auto start = Clock::now();
    while (taken < before + count)
        idle.idle(image->poll(take, FragmentLimit));
    const std::chrono::duration<double> time = Clock::now() - start;
    if (wrong != 0)
        throw std::runtime_error("a message was lost, or came out of turn");
    std::printf("%.0f\n", static_cast<double>(taken - before) / time.count());
}

}

int main(int argc, char **argv)
{
    std::signal(SIGTERM, [](int) { stopped = 1; });
    // Nothing here takes as long. Whoever waits for a message that is lost must not wait for ever.
    alarm(60);
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto number = [&](std::size_t i) { return std::stoull(words.at(i)); };
    try {
        const std::string work = words.at(0), directory = words.at(1);
        const auto stream = static_cast<std::int32_t>(number(2));
        if (work == "echo")
            echo(directory, stream);
        else if (work == "ping")
            ping(directory, stream, number(3), number(4), number(5));
        else if (work == "send")
            send(directory, stream, number(3));
        else if (work == "receive")
            receive(directory, stream, static_cast<std::int64_t>(number(3)), static_cast<std::int64_t>(number(4)));
        else
            throw std::invalid_argument(work);
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "aeron_peer: %s\n", error.what());
        return 1;
    }
}
