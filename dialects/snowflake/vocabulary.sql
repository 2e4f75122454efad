-- How Snowflake spells the words of ../vocabulary.toml. Documents are VARIANT; a JSON null in one is not SQL's NULL until it is cast.
-- Regular expressions are POSIX ones with Perl's classes: no (?i), no (?:...), no lazy quantifiers, no look-around; REGEXP_LIKE matches the
-- whole text. https://docs.snowflake.com/en/sql-reference/functions-regexp
-- A backslash in a text is written twice. Formats of times are always given: what is left to the session, its parameters may change.

-- word: json_text(document, path)
CASE
  WHEN NOT IS_OBJECT(GET_PATH(:document, :path)) AND NOT IS_ARRAY(GET_PATH(:document, :path))
  THEN NULLIF(CAST(GET_PATH(:document, :path) AS VARCHAR), '')
END

-- word: json_part(document, path)
NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(GET_PATH(:document, :path)), 'null'), '{}'), '[]'), '""')

-- word: mentions(document, text)
-- VARIANT is parsed already
:document IS NOT NULL

-- word: json_member_text(document, name)
CASE
  WHEN NOT IS_OBJECT(GET(:document, :name)) AND NOT IS_ARRAY(GET(:document, :name))
  THEN NULLIF(CAST(GET(:document, :name) AS VARCHAR), '')
END

-- word: json_member_part(document, name, member)
NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(GET(GET(:document, :name), :member)), 'null'), '{}'), '[]'), '""')

-- word: iso_time(text)
CASE
  WHEN REGEXP_LIKE(
    :text, '^\\d{4}-?\\d{2}-?\\d{2}[T ]\\d{2}:?\\d{2}:?\\d{2}([.,]\\d+)?(Z|[+-]\\d{2}(:?\\d{2})?)?$'
  )
  THEN DATEADD(
    MINUTE,
    IFF(REGEXP_SUBSTR(:text, '[T ].*([+-])', 1, 1, 'e', 1) = '-', 1, -1) * (
      60 * COALESCE(CAST(REGEXP_SUBSTR(:text, '[T ].*[+-](\\d{2})', 1, 1, 'e', 1) AS INTEGER), 0)
      + COALESCE(CAST(REGEXP_SUBSTR(:text, '[T ].*[+-]\\d{2}:?(\\d{2})$', 1, 1, 'e', 1) AS INTEGER), 0)
    ),
    TRY_TO_TIMESTAMP_NTZ(
      REGEXP_REPLACE(
        :text, '^(\\d{4})-?(\\d{2})-?(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2}).*$', '\\1-\\2-\\3 \\4:\\5:\\6'
      ),
      'YYYY-MM-DD HH24:MI:SS'
    )
  )
END

-- word: expiry_time(text)
CASE
  WHEN REGEXP_LIKE(
    :text,
    '^[A-Z][a-z]{2} \\d{1,2}, \\d{4},? (0?[1-9]|1[0-2]):\\d{2}:\\d{2}[\\s' || CHR(8239) || '][AP]M$'
  )
  THEN TRY_TO_TIMESTAMP_NTZ(
    REGEXP_REPLACE(
      REGEXP_REPLACE(
        :text, '^(...) (\\d+), (\\d{4}),? (\\d+):(\\d{2}):(\\d{2})[^AP]([AP]M)$', '\\1 0\\2, \\3 0\\4:\\5:\\6 \\7'
      ),
      ' 0(\\d{2})',
      ' \\1'
    ),
    'MON DD, YYYY HH12:MI:SS AM'
  )
  ELSE iso_time(:text)
END

-- word: time_text(time)
TO_CHAR(:time, 'YYYY-MM-DD') || 'T' || TO_CHAR(:time, 'HH24:MI:SS') || 'Z'

-- word: seconds_between(earlier, later)
DATEDIFF(SECOND, :earlier, :later)

-- word: plus_seconds(time, seconds)
DATEADD(SECOND, :seconds, :time)

-- word: timestamp_of(text)
TO_TIMESTAMP_NTZ(:text, 'YYYY-MM-DD HH24:MI:SS')

-- word: asked_time(text)
TO_TIMESTAMP_NTZ(
  REGEXP_REPLACE(
    REGEXP_REPLACE(:text, '^([0-9-]{10})T([0-9:]{8})Z{0,1}$', '\\1 \\2'), '^([0-9-]{10})$', '\\1 00:00:00'
  ), 'YYYY-MM-DD HH24:MI:SS'
)

-- word: start_of_hour(time)
DATE_TRUNC('HOUR', :time)

-- word: present_time()
CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ)

-- word: start_of_day(time)
DATE_TRUNC('DAY', :time)

-- word: day_text(time, separator)
TO_CHAR(:time, 'YYYY') || :separator || TO_CHAR(:time, 'MM') || :separator || TO_CHAR(:time, 'DD')

-- word: matches(text, pattern)
REGEXP_INSTR(:text, :pattern) > 0

-- word: first_match(text, pattern)
NULLIF(REGEXP_SUBSTR(:text, :pattern, 1, 1, 'e', 1), '')

-- word: like_pattern(text)
REPLACE(REPLACE(REPLACE(REPLACE(:text, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%')

-- word: list_of(value)
ARRAY_SLICE(ARRAY_AGG(DISTINCT :value) WITHIN GROUP (ORDER BY :value), 0, 20)

-- word: sample(value, rank)
MAX_BY(:value, IFF(:value IS NULL, NULL, :rank))

-- word: any_true(condition)
COALESCE(BOOLOR_AGG(:condition), FALSE)

-- word: all_true(condition)
COALESCE(BOOLAND_AGG(:condition), FALSE)

-- word: address_hex(text)
-- PARSE_IP writes IPv6 addresses in hexadecimal, IPv4 ones only as a number: https://docs.snowflake.com/en/sql-reference/functions/parse_ip
CASE
  WHEN REGEXP_LIKE(
    :text, '^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$'
  )
  THEN '00000000000000000000ffff'
    || SUBSTR('0123456789abcdef', CAST(1 + FLOOR(TRY_CAST(SPLIT_PART(:text, '.', 1) AS INTEGER) / 16) AS INTEGER), 1)
    || SUBSTR('0123456789abcdef', 1 + MOD(TRY_CAST(SPLIT_PART(:text, '.', 1) AS INTEGER), 16), 1)
    || SUBSTR('0123456789abcdef', CAST(1 + FLOOR(TRY_CAST(SPLIT_PART(:text, '.', 2) AS INTEGER) / 16) AS INTEGER), 1)
    || SUBSTR('0123456789abcdef', 1 + MOD(TRY_CAST(SPLIT_PART(:text, '.', 2) AS INTEGER), 16), 1)
    || SUBSTR('0123456789abcdef', CAST(1 + FLOOR(TRY_CAST(SPLIT_PART(:text, '.', 3) AS INTEGER) / 16) AS INTEGER), 1)
    || SUBSTR('0123456789abcdef', 1 + MOD(TRY_CAST(SPLIT_PART(:text, '.', 3) AS INTEGER), 16), 1)
    || SUBSTR('0123456789abcdef', CAST(1 + FLOOR(TRY_CAST(SPLIT_PART(:text, '.', 4) AS INTEGER) / 16) AS INTEGER), 1)
    || SUBSTR('0123456789abcdef', 1 + MOD(TRY_CAST(SPLIT_PART(:text, '.', 4) AS INTEGER), 16), 1)
  WHEN REGEXP_LIKE(:text, '^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$') THEN LOWER(CAST(GET(PARSE_IP(:text, 'INET', 1), 'hex_ipv6') AS VARCHAR))
END
