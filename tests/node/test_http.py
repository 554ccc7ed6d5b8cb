"""The node's HTTP/1.1: request bytes, and answers in whatever pieces they come."""

from torgpuls.firmware.node import http

NO_CONTENT = b"HTTP/1.1 204 No Content\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\n\r\n"
WITH_LENGTH = b'HTTP/1.1 401 Unauthorized\r\nContent-Length: 15\r\n\r\n{"code":"unau"}'
# RFC 9112, 7.1 and 7.1.1: chunks with an extension and a trailer.
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'4;why="not"\r\nWiki\r\nA\r\npedia in \n\r\n0\r\nExpires: never\r\n\r\n'
)
UNTIL_CLOSE = b"HTTP/1.0 503 Service Unavailable\r\nRetry-After: 120\r\n\r\nbusy"
# RFC 9110, 15.2.1: an interim answer comes before the final one.
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n" + NO_CONTENT


def read(data, closed=False):
    answer = http.Answer()
    answer.feed(data)
    if closed:
        answer.closed()
    return answer


def refused(data):
    try:
        read(data, closed=True)
    except http.AnswerError as error:
        return str(error)
    raise AssertionError("it was taken")


def test_a_post_has_the_head_that_the_rfc_asks_for():
    # RFC 9112, 3.2: Host is required, with the port where it is not the scheme's own.
    head = http.post_head("store.example", 8443, "/w?a=b", "secret", 12)
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /w?a=b HTTP/1.1"
    assert b"Host: store.example:8443" in lines
    assert b"Authorization: Token secret" in lines
    assert b"Content-Length: 12" in lines
    assert lines[-2:] == [b"", b""]
    assert b"Host: store.example\r\n" in http.post_head("store.example", 443, "/", "t", 0)
    assert b"Host: [::1]:8443\r\n" in http.post_head("::1", 8443, "/", "t", 0)


def test_a_line_break_in_a_setting_cannot_add_a_header():
    for host, target, token in (("a\r\nb", "/", "t"), ("a", "/\n", "t"), ("a", "/", "t\r")):
        try:
            http.post_head(host, 443, target, token, 0)
        except ValueError:
            continue
        raise AssertionError("it was taken")


def test_names_stand_in_the_target_as_rfc_3986_wants_them():
    expected = "/api/v2/write?org=Stadt%20%C3%9Cb&bucket=a%26b-c.d_e~f&precision=s"
    assert http.write_target("Stadt \u00dcb", "a&b-c.d_e~f") == expected


def test_answers_of_every_framing_are_complete_at_their_last_byte_and_not_before():
    for data, status in ((NO_CONTENT, 204), (WITH_LENGTH, 401), (CHUNKED, 200), (INTERIM, 204)):
        for size in range(len(data)):
            assert not read(data[:size]).done, size
        answer = read(data)
        assert answer.done and answer.keep_alive and answer.status == status


def test_an_answer_may_come_in_any_two_pieces_or_byte_by_byte():
    for data in (NO_CONTENT, WITH_LENGTH, CHUNKED, INTERIM):
        for cut in range(len(data)):
            answer = read(data[:cut])
            answer.feed(memoryview(data)[cut:])
            assert answer.done
        answer = http.Answer()
        for byte in data:
            answer.feed(bytes([byte]))
        assert answer.done


def test_a_connection_closed_early_is_not_an_answer():
    for data in (NO_CONTENT, WITH_LENGTH, CHUNKED, INTERIM):
        for size in range(len(data)):
            assert "closed before the answer was complete" in refused(data[:size])


def test_an_answer_without_a_length_ends_with_the_connection():
    assert not read(UNTIL_CLOSE).done
    answer = read(UNTIL_CLOSE, closed=True)
    assert (answer.done, answer.keep_alive, answer.status) == (True, False, 503)
    assert answer.retry_after_s == 120


def test_retry_after_is_seconds_or_a_date_and_bounded():
    # RFC 9110, 10.2.3
    def retry_after(value):
        return read(
            b"HTTP/1.1 503 x\r\nRetry-After: " + value + b"\r\nContent-Length: 0\r\n\r\n"
        ).retry_after_s

    assert retry_after(b"120") == 120
    assert retry_after(b"0") == 0
    assert retry_after(b"Fri, 31 Dec 1999 23:59:59 GMT") == http.RETRY_AFTER_DATE_S
    assert retry_after(b"-5") == http.RETRY_AFTER_DATE_S
    assert retry_after(b"999999999") == http.RETRY_AFTER_LIMIT_S
    assert retry_after(b"9" * 40) == http.RETRY_AFTER_DATE_S
    assert read(NO_CONTENT).retry_after_s == 0


def test_the_server_decides_whether_the_connection_stays():
    assert not read(b"HTTP/1.1 200 x\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n").keep_alive
    assert not read(b"HTTP/1.0 200 x\r\nContent-Length: 0\r\n\r\n").keep_alive
    assert not read(NO_CONTENT + b"H").keep_alive  # bytes that nothing asked for


def test_a_status_line_may_lack_its_reason():
    assert read(b"HTTP/1.1 204 \r\n\r\n").status == 204
    assert read(b"HTTP/1.1 204\r\n\r\n").status == 204
    assert read(b"HTTP/1.1 204\n\n").done  # RFC 9112, 2.2


def test_what_is_not_an_answer_is_named():
    line = b"HTTP/1.1 200 OK\r\n"
    assert "not HTTP/1.1" in refused(b"SSH-2.0-OpenSSH_9.2\r\n")
    assert "not HTTP/1.1" in refused(b"HTTP/2 200\r\n")
    assert "not HTTP/1.1" in refused(b"HTTP/1.1 2000 OK\r\n")
    assert "status is not a number" in refused(b"HTTP/1.1 2x0 OK\r\n")
    assert "not asked for" in refused(b"HTTP/1.1 099 OK\r\n")
    assert "not asked for" in refused(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert "damaged header" in refused(line + b"no colon\r\n")
    assert "damaged header" in refused(line + b"A: b\r\n folded\r\n")
    assert "damaged header" in refused(line + b"Content-Length : 0\r\n")
    assert "not a number" in refused(line + b"Content-Length: 1,1\r\n")
    assert "two lengths" in refused(line + b"Content-Length: 1\r\nContent-Length: 2\r\n")
    assert "not asked for" in refused(line + b"Transfer-Encoding: gzip, chunked\r\n")
    both = b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"
    assert "length and chunks" in refused(line + both)
    chunks = line + b"Transfer-Encoding: chunked\r\n\r\n"
    assert "damaged chunk" in refused(chunks + b"-1\r\n")
    assert "damaged chunk" in refused(chunks + b"0x1\r\n")
    assert "damaged chunk" in refused(chunks + b"\r\n")
    assert "longer than it says" in refused(chunks + b"1\r\nab\r\n")


def flooded(head, piece):
    """Feed head, then piece after piece; return (how many pieces it took, what it said)."""
    answer = http.Answer()
    for count in range(2 * http.BODY_LIMIT // len(piece)):
        try:
            answer.feed(piece if count else head)
        except http.AnswerError as error:
            return count, str(error)
    raise AssertionError("it was taken")


def test_no_answer_is_read_without_end():
    line = b"HTTP/1.1 200 OK\r\n"
    kilobyte = b"x" * 1024
    limit = http.BODY_LIMIT
    assert "head is larger" in flooded(b"H", kilobyte)[1]
    assert flooded(line, b"A: b\r\n" * 128)[0] <= http.HEAD_LIMIT // 768 + 1
    assert "answer is larger" in refused(line + b"Content-Length: %d\r\n\r\n" % (limit + 1))
    assert flooded(line + b"\r\n", kilobyte) == (65, "the answer is larger than 65536 bytes")
    chunked = line + b"Transfer-Encoding: chunked\r\n\r\n"
    assert flooded(chunked, b"400\r\n" + kilobyte + b"\r\n") == (65, "the answer is larger than 65536 bytes")


def test_an_answer_of_just_the_limit_is_taken():
    answer = read(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % http.BODY_LIMIT)
    for _ in range(http.BODY_LIMIT // 1024):
        assert not answer.done
        answer.feed(b"x" * 1024)
    assert answer.done
