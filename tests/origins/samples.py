"""A few records of each log format, as the products write them, with the connections that they tell of."""

import json
from dataclasses import dataclass, field

from sweepml.origins.aws_vpc import DEFAULT_FIELDS
from sweepml.origins.rows import Row
from sweepml.origins.unsw_nb15 import COLUMNS as UNSW_COLUMNS
from sweepml.schema.outcome import Outcome

ANSWERED, REFUSED, UNANSWERED = int(Outcome.ANSWERED), int(Outcome.REFUSED), int(Outcome.UNANSWERED)
BLOCKED, UNKNOWN = int(Outcome.BLOCKED), int(Outcome.UNKNOWN)
T = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z in microseconds."""


@dataclass(frozen=True)
class Sample:
    """A log, its format, and the rows that it holds in the order of their starts."""

    origin: str
    encoding: str
    text: str
    rows: list[Row] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def _json(*records: object) -> str:
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)


def _eve(proto: str, flow: dict[str, object], **more: object) -> dict[str, object]:
    record: dict[str, object] = {"timestamp": "2026-01-01T00:01:00.000000+0000", "flow_id": 1, "event_type": "flow"}
    record |= {"src_ip": "10.0.0.1", "src_port": 40000, "dest_ip": "10.0.1.1", "dest_port": 445, "proto": proto}
    times = {"start": "2026-01-01T00:00:00.000001+0000", "end": "2026-01-01T00:00:01.500001+0000"}
    return record | {"flow": flow | times} | more


_EVE_NEW = {"pkts_toserver": 2, "pkts_toclient": 0, "state": "new", "reason": "timeout"}
_EVE_ICMP = _eve("ICMP", {**_EVE_NEW, "state": "established", "pkts_toclient": 2}, icmp_type=8, icmp_code=0)
del _EVE_ICMP["dest_port"], _EVE_ICMP["src_port"]

SURICATA = Sample(
    "suricata",
    "json-lines",
    _json(
        {"timestamp": "2026-01-01T00:00:00.000000+0000", "event_type": "dns", "src_ip": "10.0.0.1"},
        _eve("TCP", _EVE_NEW, tcp={"tcp_flags_ts": "02", "tcp_flags_tc": "00", "state": "syn_sent"}),
        _eve(
            "TCP",
            {**_EVE_NEW, "pkts_toclient": 1, "state": "closed"},
            tcp={"tcp_flags_ts": "02", "tcp_flags_tc": "14"},
        ),
        _eve("UDP", {**_EVE_NEW, "pkts_toclient": 1, "state": "established"}),
        _EVE_ICMP,
    ),
    [
        Row(T + 1, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 1_500_000, -1, -1, 2, 0, ""),
        Row(T + 1, "10.0.0.1", "10.0.1.1", 6, 445, REFUSED, 1_500_000, -1, -1, 2, 1, ""),
        Row(T + 1, "10.0.0.1", "10.0.1.1", 17, 445, ANSWERED, 1_500_000, -1, -1, 2, 1, ""),
        Row(T + 1, "10.0.0.1", "10.0.1.1", 1, 8, ANSWERED, 1_500_000, -1, -1, 2, 2, ""),
    ],
)

ARGUS = Sample(
    "argus",
    "csv-header",
    """StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,SrcPkts,Label
2026/01/01 00:00:00.000001,0.000590,arp,10.0.0.1,,  who,10.0.1.1,,CON,,,2,84,42,1,
2026/01/01 00:00:00.000001,0.500000,tcp,10.0.0.1,40000,   ->,10.0.1.1,445,REQ,0,,1,60,60,1,flow=From-Normal-V42
2026/01/01 00:00:00.000001,0.500000,tcp,10.0.0.1,40001,   ->,10.0.1.2,445,RST,0,0,2,114,60,1,flow=From-Botnet-V42
2026/01/01 00:00:00.000001,0.500000,udp,10.0.0.1,40002,  <->,10.0.1.3,53,CON,0,0,2,172,78,1,
2026/01/01 00:00:00.000001,0.500000,icmp,10.0.0.1,0x0008,   ->,10.0.1.4,0x7208,ECO,0,,2,144,144,2,
2026/01/01 00:00:00.000001,0.500000,udp,10.0.1.5,53,  <-,10.0.0.1,40003,RSP,0,0,1,94,0,0,
""",
    [
        Row(T + 1, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 500_000, -1, -1, 1, 0, "benign"),
        Row(T + 1, "10.0.0.1", "10.0.1.2", 6, 445, REFUSED, 500_000, -1, -1, 1, 1, "other_attack"),
        Row(T + 1, "10.0.0.1", "10.0.1.3", 17, 53, ANSWERED, 500_000, -1, -1, 1, 1, ""),
        Row(T + 1, "10.0.0.1", "10.0.1.4", 1, 8, UNANSWERED, 500_000, -1, -1, 2, 0, ""),
        Row(T + 1, "10.0.0.1", "10.0.1.5", 17, 53, UNKNOWN, 500_000, -1, -1, 1, 0, ""),
    ],
)

_NFSTREAM_NAMES = (
    "id,src_ip,src_port,dst_ip,dst_port,protocol,bidirectional_first_seen_ms,bidirectional_duration_ms,"
    "src2dst_packets,dst2src_packets,src2dst_syn_packets,dst2src_syn_packets,dst2src_rst_packets,user_agent"
)

NFSTREAM = Sample(
    "nfstream",
    "csv-header",
    f"""{_NFSTREAM_NAMES}
0,10.0.0.1,40000,10.0.1.1,445,6,1767225600001,500,1,0,1,0,0,
1,10.0.0.1,40000,10.0.1.2,445,6,1767225600001,500,1,1,1,0,1,
2,10.0.0.1,40000,10.0.1.3,445,6,1767225600001,500,4,3,1,1,0,"curl, ""and"" more"
3,10.0.0.1,40000,10.0.1.4,53,17,1767225600001,500,1,1,0,0,0,
4,10.0.0.1,0,10.0.1.5,0,1,1767225600001,0,1,0,0,0,0,
""",
    [
        Row(T + 1000, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 500_000, -1, -1, 1, 0, ""),
        Row(T + 1000, "10.0.0.1", "10.0.1.2", 6, 445, REFUSED, 500_000, -1, -1, 1, 1, ""),
        Row(T + 1000, "10.0.0.1", "10.0.1.3", 6, 445, ANSWERED, 500_000, -1, -1, 4, 3, ""),
        Row(T + 1000, "10.0.0.1", "10.0.1.4", 17, 53, ANSWERED, 500_000, -1, -1, 1, 1, ""),
        Row(T + 1000, "10.0.0.1", "10.0.1.5", 1, 8, UNANSWERED, 0, -1, -1, 1, 0, ""),
    ],
)

NFDUMP = Sample(
    "nfdump",
    "csv-header",
    """ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt
2026-01-01 00:00:00,2026-01-01 00:00:00,0.250,10.0.0.1,10.0.1.1,40000,445,TCP,......S.,0,0,2,120
2026-01-01 00:00:01,2026-01-01 00:00:01,0.000,10.0.0.1,10.0.1.2,40001,445,TCP,......S.,0,0,1,60
2026-01-01 00:00:01,2026-01-01 00:00:01,0.000,10.0.1.2,10.0.0.1,445,40001,TCP,...A.R..,0,0,1,40
2026-01-01 00:00:02,2026-01-01 00:00:02,0.000,10.0.0.1,10.0.1.3,0,2048,ICMP,........,0,0,1,84
2026-01-01 00:00:02,2026-01-01 00:00:02,0.000,10.0.1.3,10.0.0.1,0,0,ICMP,........,0,0,1,84
""",
    [
        Row(T, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 250_000, -1, -1, 2, 0, ""),
        Row(T + 1_000_000, "10.0.0.1", "10.0.1.2", 6, 445, REFUSED, 0, -1, -1, 1, 1, ""),
        Row(T + 2_000_000, "10.0.0.1", "10.0.1.3", 1, 8, ANSWERED, 0, -1, -1, 1, 1, ""),
    ],
)

NFDUMP_17 = Sample(
    "nfdump",
    "csv-header",
    """firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flags,flows
2026-01-01 00:00:00.000,0.250,TCP,10.0.0.1,40000,10.0.1.1,445,2,120,......S.,1
2026-01-01 00:00:02.000,0.000,ICMP,10.0.0.1,0,10.0.1.3,8.0,1,84,........,1
""",
    [
        Row(T, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 250_000, -1, -1, 2, 0, ""),
        Row(T + 2_000_000, "10.0.0.1", "10.0.1.3", 1, 8, UNANSWERED, 0, -1, -1, 1, 0, ""),
    ],
)

_AWS_ROWS = [
    Row(T, "10.0.0.1", "10.0.1.1", 6, 445, BLOCKED, 60_000_000, -1, -1, 3, 0, ""),
    Row(T, "10.0.0.1", "10.0.1.2", 17, 53, ANSWERED, 60_000_000, -1, -1, 1, 1, ""),
]

AWS_VPC = Sample(
    "aws_vpc",
    "csv-header",
    f"""{DEFAULT_FIELDS}
2 123456789010 eni-1 10.0.0.1 10.0.1.1 40000 445 6 3 180 1767225600 1767225660 REJECT OK
2 123456789010 eni-1 10.0.0.1 10.0.1.2 40001 53 17 1 64 1767225600 1767225660 ACCEPT OK
2 123456789010 eni-1 10.0.1.2 10.0.0.1 53 40001 17 1 128 1767225600 1767225660 ACCEPT OK
2 123456789010 eni-1 - - - - - - - 1767225600 1767225660 - NODATA
""",
    _AWS_ROWS,
)

AWS_VPC_BARE = Sample("aws_vpc", "csv-bare", AWS_VPC.text.split("\n", 1)[1], _AWS_ROWS)

AWS_VPC_V5 = Sample(
    "aws_vpc",
    "csv-header",
    """version srcaddr dstaddr srcport dstport protocol tcp-flags pkt-srcaddr pkt-dstaddr start end action packets bytes
5 10.0.0.9 10.0.1.1 40000 445 6 2 10.0.0.1 10.0.1.1 1767225600 1767225660 ACCEPT 1 60
5 10.0.1.1 10.0.0.9 445 40000 6 4 10.0.1.1 10.0.0.1 1767225600 1767225660 ACCEPT 1 40
""",
    [Row(T, "10.0.0.1", "10.0.1.1", 6, 445, REFUSED, 60_000_000, -1, -1, 1, 1, "")],
)


def _gcp(src: str, src_port: int, dst: str, dst_port: int, protocol: int, reporter: str) -> dict[str, object]:
    ends = {"src_ip": src, "src_port": src_port, "dest_ip": dst, "dest_port": dst_port, "protocol": protocol}
    times = {"start_time": "2026-01-01T00:00:00.000000001Z", "end_time": "2026-01-01T00:00:05Z"}
    return {"connection": ends, "reporter": reporter, "bytes_sent": "120", "packets_sent": "2", **times}


_GCP = [_gcp("10.0.0.1", 40000, "10.0.1.1", 53, 17, "SRC"), _gcp("10.0.1.1", 53, "10.0.0.1", 40000, 17, "SRC")]
_GCP_ROWS = [Row(T, "10.0.0.1", "10.0.1.1", 17, 53, ANSWERED, 5_000_000, -1, -1, 2, 2, "")]

GCP_VPC = Sample("gcp_vpc", "json-lines", _json(*({"insertId": "x", "jsonPayload": one} for one in _GCP)), _GCP_ROWS)
GCP_VPC_BARE = Sample("gcp_vpc", "json-lines", _json(*_GCP), _GCP_ROWS)
GCP_VPC_ARRAY = Sample(
    "gcp_vpc", "json-document", json.dumps([{"jsonPayload": one} for one in _GCP], indent=2) + "\n", _GCP_ROWS
)


def _nsg(version: int, *tuples: str) -> dict[str, object]:
    flows = [{"rule": "DefaultRule", "flows": [{"mac": "000D3AF87856", "flowTuples": list(tuples)}]}]
    return {
        "time": "2026-01-01T00:01:00Z",
        "category": "NetworkSecurityGroupFlowEvent",
        "properties": {"Version": version, "flows": flows},
    }


AZURE_V1 = Sample(
    "azure",
    "json-document",
    json.dumps(
        {
            "records": [
                _nsg(1, "1767225600,10.0.0.1,10.0.1.1,40000,445,T,I,D", "1767225601,10.0.0.1,10.0.1.2,4,445,T,I,A")
            ]
        }
    ),
    [
        Row(T, "10.0.0.1", "10.0.1.1", 6, 445, BLOCKED, 0, -1, -1, -1, -1, ""),
        Row(T + 1_000_000, "10.0.0.1", "10.0.1.2", 6, 445, UNKNOWN, 0, -1, -1, -1, -1, ""),
    ],
)
AZURE_V2 = Sample(
    "azure",
    "json-document",
    json.dumps(
        {
            "records": [
                _nsg(
                    2,
                    "1767225600,10.0.0.1,10.0.1.1,40000,53,U,O,A,B,,,,",
                    "1767225630,10.0.0.1,10.0.1.1,40000,53,U,O,A,E,1,64,1,128",
                )
            ]
        },
        indent=1,
    ),
    [Row(T, "10.0.0.1", "10.0.1.1", 17, 53, ANSWERED, 30_000_000, -1, -1, -1, 1, "")],
)
AZURE_VNET = Sample(
    "azure",
    "json-lines",
    _json(
        {
            "category": "FlowLogFlowEvent",
            "flowRecords": {
                "flows": [
                    {
                        "aclID": "0",
                        "flowGroups": [
                            {"rule": "r", "flowTuples": ["1767225600123,10.0.0.1,10.0.1.1,40000,445,6,O,D,NX,0,0,0,0"]}
                        ],
                    }
                ]
            },
        }
    ),
    [Row(T + 123_000, "10.0.0.1", "10.0.1.1", 6, 445, BLOCKED, 0, -1, -1, 0, -1, "")],
)


def _hubble(flags: dict[str, bool], *, reply: bool, verdict: str = "FORWARDED", port: int = 445) -> dict[str, object]:
    ends = ("10.0.1.1", "10.0.0.1") if reply else ("10.0.0.1", "10.0.1.1")
    ports = (port, 40000) if reply else (40000, port)
    client: dict[str, object] = {"namespace": "shop", "pod_name": "web-1"}
    return {
        "time": "2026-01-01T00:00:00.5Z",
        "verdict": verdict,
        "IP": {"source": ends[0], "destination": ends[1], "ipVersion": "IPv4"},
        "l4": {"TCP": {"source_port": ports[0], "destination_port": ports[1], "flags": flags}},
        "source": {"labels": []} if reply else client,
        "destination": client if reply else {"labels": []},
        "Type": "L3_L4",
        "is_reply": reply,
    }


HUBBLE = Sample(
    "hubble",
    "json-lines",
    _json(
        {"flow": _hubble({"SYN": True}, reply=False), "node_name": "n"},
        {"flow": _hubble({"SYN": True, "ACK": True}, reply=True), "node_name": "n"},
        {"flow": _hubble({"SYN": True}, reply=False, verdict="DROPPED", port=22), "node_name": "n"},
        {"flow": {"time": "2026-01-01T00:00:00.5Z", "Type": "L7", "l7": {"type": "REQUEST"}}},
    ),
    [
        Row(T + 500_000, "10.0.0.1", "10.0.1.1", 6, 445, ANSWERED, 0, -1, -1, 1, 1, "", "shop/web-1"),
        Row(T + 500_000, "10.0.0.1", "10.0.1.1", 6, 22, BLOCKED, 0, -1, -1, 1, 0, "", "shop/web-1"),
    ],
)
HUBBLE_BARE = Sample(
    "hubble",
    "json-lines",
    _json(_hubble({"SYN": True}, reply=False)),
    [Row(T + 500_000, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 0, -1, -1, 1, 0, "", "shop/web-1")],
)


def _ocsf(**more: object) -> dict[str, object]:
    return {
        "class_uid": 4001,
        "metadata": {"version": "1.3.0"},
        "activity_id": 6,
        "time": 1767225600123,
        "duration": 500,
        "src_endpoint": {"ip": "10.0.0.1", "port": 40000},
        "dst_endpoint": {"ip": "10.0.1.1", "port": 445},
        "connection_info": {"protocol_num": 6},
        "traffic": {"packets_out": 1, "packets_in": 0},
        **more,
    }


OCSF = Sample(
    "ocsf",
    "json-lines",
    _json({"class_uid": 2004, "metadata": {}, "time": 1}, _ocsf(), _ocsf(activity_id=5), _ocsf(disposition_id=2)),
    [
        Row(T + 123_000, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 500_000, -1, -1, 1, 0, ""),
        Row(T + 123_000, "10.0.0.1", "10.0.1.1", 6, 445, REFUSED, 500_000, -1, -1, 1, 0, ""),
        Row(T + 123_000, "10.0.0.1", "10.0.1.1", 6, 445, BLOCKED, 500_000, -1, -1, 1, 0, ""),
    ],
)


def _ecs(packets: int, **more: object) -> dict[str, object]:
    return {
        "@timestamp": "2026-01-01T00:01:00.000Z",
        "ecs": {"version": "8.0.0"},
        "event": {"start": "2026-01-01T00:00:00.123Z", "duration": 500_000_000, "type": ["connection"], **more},
        "network": {"transport": "tcp", "type": "ipv4"},
        "source": {"ip": "10.0.0.1", "port": 40000, "packets": 3},
        "destination": {"ip": "10.0.1.1", "port": 445, "packets": packets},
    }


ECS = Sample(
    "ecs",
    "json-lines",
    _json(_ecs(0), _ecs(3), _ecs(1), _ecs(0, action="denied")),
    [
        Row(T + 123_000, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 500_000, -1, -1, 3, 0, ""),
        Row(T + 123_000, "10.0.0.1", "10.0.1.1", 6, 445, ANSWERED, 500_000, -1, -1, 3, 3, ""),
        Row(T + 123_000, "10.0.0.1", "10.0.1.1", 6, 445, UNKNOWN, 500_000, -1, -1, 3, 1, ""),
        Row(T + 123_000, "10.0.0.1", "10.0.1.1", 6, 445, BLOCKED, 500_000, -1, -1, 3, 0, ""),
    ],
)

CICFLOWMETER = Sample(
    "cicflowmeter",
    "csv-header",
    """Flow ID, Source IP, Source Port, Destination IP, Destination Port, Protocol, Timestamp, Flow Duration,\
 Total Fwd Packets, Total Backward Packets,Total Length of Fwd Packets, Total Length of Bwd Packets,\
 RST Flag Count, Label
a,10.0.0.1,40000,10.0.1.1,445,6,1/1/2026 12:00:00 AM,500,2,0,0,0,0,BENIGN
a,10.0.0.1,40000,10.0.1.2,445,6,1/1/2026 12:00:00 AM,500,1,1,0,0,1,PortScan
a,10.0.0.1,40000,10.0.1.3,80,6,1/1/2026 12:00:00 AM,500,5,4,300,900,0,DoS Hulk
a,10.0.0.1,40000,10.0.1.4,53,17,1/1/2026 12:00:00 AM,-1,1,1,40,80,0,BENIGN
""",
    [
        Row(T, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 500, 0, 0, 2, 0, "benign"),
        Row(T, "10.0.0.1", "10.0.1.2", 6, 445, REFUSED, 500, 0, 0, 1, 1, "vertical_scan"),
        Row(T, "10.0.0.1", "10.0.1.3", 6, 80, ANSWERED, 500, 300, 900, 5, 4, "other_attack"),
    ],
)

CICFLOWMETER_4 = Sample(
    "cicflowmeter",
    "csv-header",
    """Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Tot Bwd Pkts,Label
a,10.0.0.1,40000,10.0.1.1,445,6,2026-01-01 00:00:00,500,2,0,No Label
""",
    [Row(T, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 500, -1, -1, 2, 0, "")],
)


def _unsw(**values: str) -> str:
    return ",".join(values.get(name, "0") for name in UNSW_COLUMNS.split())


_UNSW = {
    "srcip": "10.0.0.1",
    "sport": "40000",
    "dstip": "10.0.1.1",
    "dsport": "445",
    "Stime": "1767225600",
    "dur": "0.5",
}

UNSW_NB15_BARE = Sample(
    "unsw_nb15",
    "csv-bare",
    "\n".join(
        (
            _unsw(**_UNSW, proto="tcp", state="INT", Spkts="2", Dpkts="0"),
            _unsw(**_UNSW, proto="tcp", state="RST", Spkts="1", Dpkts="1", attack_cat=" Reconnaissance ", Label="1"),
            _unsw(**_UNSW, proto="tcp", state="FIN", Spkts="5", Dpkts="4", synack="0.0003"),
            _unsw(**_UNSW, proto="udp", state="CON", Spkts="1", Dpkts="1"),
            "",
        )
    ),
    [
        Row(T, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 500_000, -1, -1, 2, 0, "benign"),
        Row(T, "10.0.0.1", "10.0.1.1", 6, 445, REFUSED, 500_000, -1, -1, 1, 1, "other_attack"),
        Row(T, "10.0.0.1", "10.0.1.1", 6, 445, ANSWERED, 500_000, -1, -1, 5, 4, "benign"),
        Row(T, "10.0.0.1", "10.0.1.1", 17, 445, ANSWERED, 500_000, -1, -1, 1, 1, "benign"),
    ],
)
UNSW_NB15 = Sample(
    "unsw_nb15", "csv-header", UNSW_COLUMNS.replace(" ", ",") + "\n" + UNSW_NB15_BARE.text, UNSW_NB15_BARE.rows
)

CIDDS = Sample(
    "cidds",
    "csv-header",
    """Date first seen,Duration,Proto,Src IP Addr,Src Pt,Dst IP Addr,Dst Pt,Packets,Bytes,Flows,Flags,Tos,class,\
attackType,attackID,attackDescription
2026-01-01 00:00:00.001,    0.250,TCP  ,192.168.220.16, 40000,192.168.220.4,   445,       2,     120,1,....S.,0,\
attacker,portScan,1,nmap
2026-01-01 00:00:01.001,    0.000,ICMP ,192.168.220.16,     0,192.168.220.5,   8.0,       1,   2.1 M,1,......,0,\
attacker,pingScan,2,nmap
2026-01-01 00:00:02.001,    0.000,TCP  ,192.168.220.16, 40001,10023_47,    80,       1,      60,1,....S.,0,\
normal,---,---,---
""",
    [
        Row(T + 1000, "192.168.220.16", "192.168.220.4", 6, 445, UNANSWERED, 250_000, -1, -1, 2, 0, "other_attack"),
        Row(T + 1_001_000, "192.168.220.16", "192.168.220.5", 1, 8, UNANSWERED, 0, -1, -1, 1, 0, "sweep"),
    ],
)

NF_DATASET = Sample(
    "nf_dataset",
    "csv-header",
    """FLOW_START_MILLISECONDS,FLOW_END_MILLISECONDS,IPV4_SRC_ADDR,L4_SRC_PORT,IPV4_DST_ADDR,L4_DST_PORT,PROTOCOL,\
IN_BYTES,IN_PKTS,OUT_BYTES,OUT_PKTS,TCP_FLAGS,SERVER_TCP_FLAGS,FLOW_DURATION_MILLISECONDS,ICMP_IPV4_TYPE,Label,Attack
1767225600001,1767225600501,10.0.0.1,40000,10.0.1.1,445,6,60,1,0,0,2,0,500,0,1,Reconnaissance
1767225600001,1767225600501,10.0.0.1,40000,10.0.1.2,445,6,60,1,40,1,22,20,500,0,0,Benign
1767225600001,1767225600501,10.0.0.1,40000,10.0.1.3,445,6,260,5,340,4,27,27,500,0,0,Benign
1767225600001,1767225600501,10.0.0.1,0,10.0.1.4,0,1,84,1,84,1,0,0,500,8,0,Benign
""",
    [
        Row(T + 1000, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 500_000, -1, -1, 1, 0, "other_attack"),
        Row(T + 1000, "10.0.0.1", "10.0.1.2", 6, 445, REFUSED, 500_000, -1, -1, 1, 1, "benign"),
        Row(T + 1000, "10.0.0.1", "10.0.1.3", 6, 445, ANSWERED, 500_000, -1, -1, 5, 4, "benign"),
        Row(T + 1000, "10.0.0.1", "10.0.1.4", 1, 8, ANSWERED, 500_000, -1, -1, 1, 1, "benign"),
    ],
)

TON_IOT = Sample(
    "ton_iot",
    "csv-header",
    """ts,src_ip,src_port,dst_ip,dst_port,proto,service,duration,src_bytes,dst_bytes,conn_state,missed_bytes,src_pkts,\
src_ip_bytes,dst_pkts,dst_ip_bytes,label,type
1767225600,10.0.0.1,40000,10.0.1.1,445,tcp,-,0.5,0,0,S0,0,2,120,0,0,1,scanning
1767225600,10.0.0.1,40000,10.0.1.2,445,tcp,-,0.5,0,0,REJ,0,1,60,1,40,0,normal
1767225600,10.0.0.1,8,10.0.1.3,0,icmp,-,0.5,56,56,OTH,0,1,84,1,84,0,normal
""",
    [
        Row(T, "10.0.0.1", "10.0.1.1", 6, 445, UNANSWERED, 500_000, 0, 0, 2, 0, "other_attack"),
        Row(T, "10.0.0.1", "10.0.1.2", 6, 445, REFUSED, 500_000, 0, 0, 1, 1, "benign"),
        Row(T, "10.0.0.1", "10.0.1.3", 1, 8, ANSWERED, 500_000, 56, 56, 1, 1, "benign"),
    ],
)

SAMPLES = {name: value for name, value in globals().items() if isinstance(value, Sample)}
"""Name -> sample of every format."""
